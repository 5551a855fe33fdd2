import { MessageLoop } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { SuggestionSources } from '../attribution/sources';
import { IAbout, IModelInfo } from '../protocol';
import { ISafeCoderStatus } from '../status/tokens';
import { SessionFigures } from '../suggestions/figures';
import { flushPromises, suggestionEvent, trans } from '../testing/fakes';
import { SafeCoderPanel } from './panel';

describe('SafeCoderPanel', () => {
  let about: IAbout;
  let api: { about: jest.Mock; jobs: jest.Mock; places: jest.Mock };
  let figures: SessionFigures;
  let panel: SafeCoderPanel;
  let status: {
    adapters: null;
    changed: Signal<object, void>;
    engine: string;
    isSwitching: boolean;
    loadAdapters: jest.Mock;
    loadModels: jest.Mock;
    model: IModelInfo | null;
    models: null;
    view: { model: string };
  };

  async function settle(): Promise<void> {
    await flushPromises();
    MessageLoop.flush();
  }

  beforeEach(() => {
    about = { model: null, destination: 'local', address: '', counted: false };
    api = {
      about: jest.fn(() => Promise.resolve(about)),
      jobs: jest.fn(() => Promise.resolve([])),
      places: jest.fn(() => Promise.resolve([]))
    };
    figures = new SessionFigures();
    status = {
      adapters: null,
      changed: new Signal({}),
      engine: '',
      isSwitching: false,
      loadAdapters: jest.fn(() => Promise.resolve()),
      loadModels: jest.fn(() => Promise.resolve()),
      model: null,
      models: null,
      view: { model: 'smol' }
    };
    panel = new SafeCoderPanel({
      api,
      figures,
      sources: new SuggestionSources(),
      status: status as unknown as ISafeCoderStatus,
      trans
    });
  });

  afterEach(() => panel.dispose());

  it('is a labelled region that takes the focus', () => {
    expect(panel.node.getAttribute('role')).toBe('region');
    expect(panel.node.getAttribute('aria-label')).toBe('SafeCoder');
    Widget.attach(panel, document.body);
    MessageLoop.sendMessage(panel, Widget.Msg.ActivateRequest);
    expect(document.activeElement).toBe(panel.node);
  });

  it('requests what it shows when it is shown', async () => {
    expect(api.about).not.toHaveBeenCalled();
    Widget.attach(panel, document.body);
    await settle();
    expect(api.about).toHaveBeenCalledTimes(1);
    expect(api.jobs).toHaveBeenCalledTimes(1);
    expect(status.loadModels).toHaveBeenCalledTimes(1);
    expect(status.loadAdapters).toHaveBeenCalledTimes(1);
    expect(panel.node.textContent).toMatch(/to no other machine/);
    expect(panel.node.textContent).toMatch(/could go to: 0/);
  });

  it('requests and renders nothing while it is hidden', async () => {
    panel.hide();
    Widget.attach(panel, document.body);
    figures.add(suggestionEvent());
    status.changed.emit();
    await settle();
    expect(api.about).not.toHaveBeenCalled();
    expect(panel.node.textContent).toMatch(/No suggestion was shown yet/);
    panel.show();
    await settle();
    expect(panel.node.textContent).not.toMatch(/No suggestion was shown yet/);
    panel.hide();
    expect(api.about).toHaveBeenCalledTimes(1);
  });

  it('shows figures as they change, without a request', async () => {
    Widget.attach(panel, document.body);
    await settle();
    figures.add(suggestionEvent());
    await settle();
    expect(panel.node.querySelectorAll('svg')).toHaveLength(3);
    expect(api.about).toHaveBeenCalledTimes(1);
  });

  it('requests again when another model is served', async () => {
    Widget.attach(panel, document.body);
    await settle();
    status.view = { model: 'large' };
    status.changed.emit();
    status.changed.emit();
    await settle();
    expect(api.about).toHaveBeenCalledTimes(2);
  });

  it('works where the server does not answer', async () => {
    api.about.mockRejectedValue(new Error());
    api.places.mockRejectedValue(new Error());
    Widget.attach(panel, document.body);
    await settle();
    expect(panel.node.textContent).toMatch(/No model is loaded/);
  });

  it('disconnects when it is disposed', async () => {
    Widget.attach(panel, document.body);
    await settle();
    panel.dispose();
    figures.add(suggestionEvent());
    status.changed.emit();
    await settle();
    expect(panel.node.querySelectorAll('svg')).toHaveLength(0);
  });
});
