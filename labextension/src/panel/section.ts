/**
 * A part of the side panel with a heading.
 */
export class Section {
  /**
   * @param name - A class of the stylesheet.
   * @param title - The heading.
   */
  constructor(name: string, title: string) {
    const heading = document.createElement('h2');
    heading.textContent = title;
    heading.id = `jp-SafeCoder-heading-${name}`;
    this.node.className = `jp-SafeCoder-section jp-mod-${name}`;
    this.node.setAttribute('aria-labelledby', heading.id);
    this.body.className = 'jp-SafeCoder-sectionBody';
    this.node.append(heading, this.body);
  }

  /** The element to show. */
  readonly node = document.createElement('section');

  /** What is below the heading. */
  readonly body = document.createElement('div');

  /**
   * Replace what is below the heading, if it is another.
   *
   * The content that is the same stays, with the focus and an open list in it.
   *
   * @param key - Equal for equal contents.
   * @param create - Creates the content.
   */
  show(key: unknown, create: () => Array<Node | string>): void {
    const text = JSON.stringify(key);
    if (text !== this._key) {
      this._key = text;
      this.body.replaceChildren(...create());
    }
  }

  private _key = '';
}

/**
 * Create a list of names and values; those without a value are left out.
 */
export function createFacts(
  facts: ReadonlyArray<readonly [name: string, value: string]>
): HTMLElement {
  const list = document.createElement('dl');
  for (const [name, value] of facts) {
    if (value !== '') {
      const term = document.createElement('dt');
      const description = document.createElement('dd');
      term.textContent = name;
      description.textContent = value;
      list.append(term, description);
    }
  }
  return list;
}

/**
 * Create a paragraph.
 */
export function createText(text: string): HTMLElement {
  const paragraph = document.createElement('p');
  paragraph.textContent = text;
  return paragraph;
}
