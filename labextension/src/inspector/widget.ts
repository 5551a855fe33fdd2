import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { safeCoderIcon } from '../icon';
import { Fact, IRequestView, ISectionView, describeRequest } from './describe';
import { RequestRecorder } from './recorder';

/** Milliseconds without a change before a request is shown. */
const REST_MS = 300;

/**
 * Shows the last request as the model got it.
 *
 * #### Notes
 * Texts are set as text: they come from notebooks. Nothing is drawn while the
 * user types.
 */
export class InspectorWidget extends Widget {
  /**
   * @param recorder - Has the last request.
   * @param trans - Translates texts.
   */
  constructor(recorder: RequestRecorder, trans: TranslationBundle) {
    super();
    this._recorder = recorder;
    this._trans = trans;
    this.id = 'jupyter-safecoder-inspector';
    this.addClass('jp-SafeCoder-inspector');
    this.title.label = trans.__('What was sent?');
    this.title.caption = trans.__('The last request, as the model got it');
    this.title.icon = safeCoderIcon;
    this.title.closable = true;
    this.node.tabIndex = -1;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.title.label);
    this._repeat.type = 'button';
    this._repeat.className = 'jp-SafeCoder-repeat jp-mod-styled';
    this._repeat.textContent = trans.__('Send it again and inspect it');
    this._repeat.addEventListener('click', () => void recorder.repeat());
    this.node.append(this._repeat, this._body);
    this._render();
  }

  /** Stop the requests for what the model gets. */
  dispose(): void {
    clearTimeout(this._timer);
    this._recorder.isInspecting = false;
    this._recorder.changed.disconnect(this._onChanged, this);
    super.dispose();
  }

  protected onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._setVisible(true);
  }

  protected onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._setVisible(this.isVisible);
  }

  protected onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this._setVisible(false);
  }

  protected onBeforeDetach(msg: Message): void {
    this._setVisible(false);
    super.onBeforeDetach(msg);
  }

  protected onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    this.node.focus();
  }

  protected onCloseRequest(msg: Message): void {
    super.onCloseRequest(msg);
    this.dispose();
  }

  protected onUpdateRequest(msg: Message): void {
    super.onUpdateRequest(msg);
    this._render();
  }

  /** Requests are inspected while the widget can be seen. */
  private _setVisible(isVisible: boolean): void {
    this._recorder.isInspecting = isVisible;
    if (isVisible) {
      this._recorder.changed.connect(this._onChanged, this);
      this.update();
    } else {
      clearTimeout(this._timer);
      this._recorder.changed.disconnect(this._onChanged, this);
    }
  }

  private _onChanged(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this.update(), REST_MS);
  }

  private _render(): void {
    const { last, isRepeating } = this._recorder;
    const trans = this._trans;
    this._repeat.disabled = last === null || isRepeating;
    if (!last) {
      this._body.replaceChildren(
        Private.element(
          'p',
          'jp-SafeCoder-outcome',
          trans.__('There was no request since this page was loaded.')
        )
      );
      return;
    }
    const view = describeRequest(last, trans);
    this._body.replaceChildren(
      Private.element('p', 'jp-SafeCoder-outcome', view.outcome),
      Private.facts(view.facts),
      Private.heading(trans.__('The prompt, in the order of the model')),
      Private.element('p', 'jp-SafeCoder-missing', view.missing),
      ...view.sections.map(section => Private.section(section)),
      Private.heading(trans.__('The answer')),
      ...Private.answer(view, trans)
    );
  }

  private _body = document.createElement('div');
  private _recorder: RequestRecorder;
  private _repeat = document.createElement('button');
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _trans: TranslationBundle;
}

namespace Private {
  /** An element with a text. */
  export function element(
    tag: string,
    className: string,
    text: string
  ): HTMLElement {
    const node = document.createElement(tag);
    node.className = className;
    node.textContent = text;
    node.hidden = text === '';
    return node;
  }

  export function heading(text: string): HTMLElement {
    return element('h3', 'jp-SafeCoder-heading', text);
  }

  export function facts(found: Fact[]): HTMLElement {
    const list = document.createElement('dl');
    list.className = 'jp-SafeCoder-facts';
    for (const [name, value] of found) {
      list.append(element('dt', '', name), element('dd', '', value));
    }
    return list;
  }

  /** A section that can be folded, in the colour of its source. */
  export function section(view: ISectionView): HTMLElement {
    const node = document.createElement('details');
    node.className = 'jp-SafeCoder-promptSection';
    node.dataset.source = view.source;
    node.open = true;
    const title = document.createElement('summary');
    title.append(
      element('span', 'jp-SafeCoder-source', view.title),
      element('span', 'jp-SafeCoder-details', view.details)
    );
    node.append(title, text(view.text));
    return node;
  }

  /** What the model wrote, beside what was shown of it. */
  export function answer(
    view: IRequestView,
    trans: TranslationBundle
  ): HTMLElement[] {
    if (view.raw === null || view.raw === view.shown) {
      return [labelled(trans.__('Shown, as the model wrote it'), view.shown)];
    }
    return [
      labelled(trans.__('What the model wrote'), view.raw),
      labelled(trans.__('What was shown after rules and filters'), view.shown)
    ];
  }

  function labelled(label: string, content: string): HTMLElement {
    const node = document.createElement('div');
    node.className = 'jp-SafeCoder-answer';
    node.append(element('div', 'jp-SafeCoder-source', label), text(content));
    return node;
  }

  /** A text, which can be scrolled by keyboard. */
  function text(content: string): HTMLElement {
    const node = document.createElement('pre');
    node.textContent = content;
    node.tabIndex = 0;
    return node;
  }
}
