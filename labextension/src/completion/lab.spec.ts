/**
 * What we rely on in Lab's own code: its reconciler and its model take our
 * answers without leaving a stale or an empty suggestion behind.
 */
import {
  CompletionHandler,
  IInlineCompletionContext,
  IInlineCompletionList,
  InlineCompleter,
  InlineCompletionTriggerKind,
  ProviderReconciliator
} from '@jupyterlab/completer';

import { Desk, done, settle } from '../testing/fakes';

type LabItems = IInlineCompletionList<CompletionHandler.IInlineItem> | null;

describe("in Lab's hands", () => {
  let desk: Desk;
  let lab: ProviderReconciliator;
  let model: InlineCompleter.Model;

  /** Type as the handler of Lab does: trim first, then ask. */
  async function type(text: string): Promise<void> {
    desk.before += text;
    model.handleTextChange({ sourceChange: [{ insert: text }] });
    const [answer] = lab.fetchInline(
      desk.request(),
      InlineCompletionTriggerKind.Automatic
    );
    void answer.then(result => {
      const list = result as LabItems;
      if (list?.items) {
        model.setCompletions(list);
      }
    });
    await settle();
    jest.advanceTimersByTime(60);
    await settle();
  }

  function shown(): string | undefined {
    return model.completions?.items?.[0]?.insertText;
  }

  beforeEach(() => {
    jest.useFakeTimers();
    desk = new Desk();
    model = new InlineCompleter.Model();
    lab = new ProviderReconciliator({
      context: {} as IInlineCompletionContext,
      providers: [],
      inlineProviders: [desk.provider],
      inlineProvidersSettings: {
        [desk.provider.identifier]: {
          enabled: true,
          autoFillInMiddle: true,
          debouncerDelay: 0,
          timeout: 30000
        }
      },
      timeout: 1000
    } as unknown as ProviderReconciliator.IOptions);
  });

  afterEach(() => {
    desk.provider.cancel();
    jest.useRealTimers();
  });

  it('streams, and never doubles what is typed along', async () => {
    await type('im');
    await desk.last.send({ event: 'text', text: 'port', tokens: 1 });
    expect(shown()).toBe('port');
    await type('po');
    expect(shown()).toBe('rt');
    await desk.last.send({ event: 'text', text: 'port os', tokens: 2 });
    expect(shown()).toBe('rt os');
    await type('r');
    await desk.last.send(done('port os, re'));
    expect(shown()).toBe('t os, re');
    expect(model.completions?.items[0].streaming).toBeFalsy();
    expect(desk.calls).toHaveLength(1);
  });

  it('leaves nothing stale when the next text does not agree', async () => {
    await type('im');
    await desk.last.send({ event: 'text', text: 'port', tokens: 1 });
    await type('x');
    expect(shown()).toBeUndefined();
    await desk.last.send(done(''));
    expect(shown()).toBeUndefined();
    expect(model.completions?.items ?? null).toBeNull();
  });

  it('keeps a suggestion that still agrees when there is no answer', async () => {
    await type('a');
    await desk.last.send(done('bc'));
    desk.around = { ...desk.around, fingerprint: '1' };
    await type('b');
    expect(shown()).toBe('c');
    await desk.last.send(done(''));
    expect(shown()).toBe('c');
  });
});
