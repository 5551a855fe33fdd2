import { TranslationBundle } from '@jupyterlab/translation';

import { IAbout, IModelInfo } from '../protocol';
import { AdapterMenu } from '../status/adapterMenu';
import { ModelMenu } from '../status/modelMenu';
import { ISafeCoderStatus } from '../status/tokens';
import { Section, createFacts, createText } from './section';

/**
 * The card of the model that is served, and the lists to change it.
 */
export class ModelSection extends Section {
  /**
   * @param status - Has the model.
   * @param trans - Translates texts.
   */
  constructor(status: ISafeCoderStatus, trans: TranslationBundle) {
    super('model', trans.__('Model'));
    this._status = status;
    this._trans = trans;
    this._models = new ModelMenu(status, trans);
    this._adapters = new AdapterMenu(status, trans);
    this.node.append(this._models.node, this._adapters.node);
  }

  /**
   * Show the present model.
   *
   * @param about - What the catalogue knows; `null`: not known yet.
   */
  render(about: IAbout | null): void {
    const { model, engine } = this._status;
    this._models.render();
    this._adapters.render();
    this.show([model, engine, about?.model], () =>
      model === null
        ? [createText(this._trans.__('No model is loaded.'))]
        : [createFacts(this._facts(model, engine, about))]
    );
  }

  private _facts(
    model: IModelInfo,
    engine: string,
    about: IAbout | null
  ): Array<[string, string]> {
    const { _trans: trans } = this;
    const known = about?.model ?? null;
    const layouts = model.layouts.map(layout =>
      layout === model.default_layout
        ? trans.__('%1 (default)', layout)
        : layout
    );
    return [
      [trans.__('Name'), model.name],
      [trans.__('Purpose'), known?.purpose ?? ''],
      [trans.__('Family'), model.family],
      [trans.__('License'), model.license || (known?.license ?? '')],
      [trans.__('Parameters'), known ? millions(known.parameters, trans) : ''],
      [
        trans.__('Context window'),
        trans.__('%1 tokens', model.context_window.toLocaleString())
      ],
      [trans.__('Layouts'), layouts.join(', ')],
      [trans.__('Languages'), model.languages.join(', ')],
      [trans.__('Quality'), known ? this._quality(known) : ''],
      [trans.__('Engine'), engine]
    ];
  }

  /** The measured quality; empty if it was not measured. */
  private _quality(known: NonNullable<IAbout['model']>): string {
    if (known.exact_match === null) {
      return '';
    }
    return this._trans.__(
      '%1 % of hidden line ends in notebooks filled in exactly',
      Math.round(100 * known.exact_match)
    );
  }

  private _adapters: AdapterMenu;
  private _models: ModelMenu;
  private _status: ISafeCoderStatus;
  private _trans: TranslationBundle;
}

/** A number of weights: 135 million, 1.5 billion. */
function millions(parameters: number, trans: TranslationBundle): string {
  return parameters < 1e9
    ? trans.__('%1 million', Math.round(parameters / 1e6))
    : trans.__('%1 billion', Math.round(parameters / 1e8) / 10);
}
