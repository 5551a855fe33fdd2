/** One option of a list. */
export interface IOption {
  /** What is chosen. */
  value: string;

  /** What the user reads. */
  text: string;

  /** What explains it, if anything. */
  title?: string;
}

/**
 * Create an empty list of options.
 *
 * @param onChosen - Gets the value that the user chooses.
 * @param label - Says to screen readers what is chosen, where no label does.
 */
export function createOptionList(
  onChosen: (value: string) => void,
  label?: string
): HTMLSelectElement {
  const list = document.createElement('select');
  list.className = 'jp-mod-styled';
  if (label) {
    list.setAttribute('aria-label', label);
  }
  list.addEventListener('change', () => onChosen(list.value));
  return list;
}

/**
 * Replace the options of a list, which closes it.
 *
 * @param selected - The value that is chosen.
 */
export function setOptions(
  list: HTMLSelectElement,
  options: ReadonlyArray<IOption>,
  selected: string
): void {
  list.replaceChildren(
    ...options.map(({ value, text, title }) => {
      const option = document.createElement('option');
      option.value = value;
      option.textContent = text;
      option.title = title ?? '';
      return option;
    })
  );
  list.value = selected;
}
