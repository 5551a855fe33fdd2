/**
 * Tests with Lab's own reconciler and model: our suggestions leave neither a
 * stale nor an empty suggestion on the screen.
 */
import {
  CompletionHandler,
  IInlineCompletionContext,
  IInlineCompletionList,
  InlineCompleter,
  InlineCompletionTriggerKind,
  ProviderReconciliator
} from '@jupyterlab/completer';

import {
  ProviderHarness,
  doneEvent,
  flushPromises,
  textEvent
} from '../testing/fakes';

type LabItems = IInlineCompletionList<CompletionHandler.IInlineItem> | null;

describe("SafeCoderProvider in Lab's completer", () => {
  let harness: ProviderHarness;
  let lab: ProviderReconciliator;
  let model: InlineCompleter.Model;

  /** Type as Lab's handler does: update the model first, then fetch. */
  async function type(text: string): Promise<void> {
    harness.before += text;
    model.handleTextChange({ sourceChange: [{ insert: text }] });
    const [promise] = lab.fetchInline(
      harness.request(),
      InlineCompletionTriggerKind.Automatic
    );
    void promise.then(result => {
      const list = result as LabItems;
      if (list?.items) {
        model.setCompletions(list);
      }
    });
    await flushPromises();
    jest.advanceTimersByTime(60);
    await flushPromises();
  }

  function shown(): string | undefined {
    return model.completions?.items?.[0]?.insertText;
  }

  beforeEach(() => {
    jest.useFakeTimers();
    harness = new ProviderHarness();
    model = new InlineCompleter.Model();
    lab = new ProviderReconciliator({
      context: {} as IInlineCompletionContext,
      providers: [],
      inlineProviders: [harness.provider],
      inlineProvidersSettings: {
        [harness.provider.identifier]: {
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
    harness.provider.cancel();
    jest.useRealTimers();
  });

  it('streams, and does not repeat text that the user has typed', async () => {
    await type('im');
    await harness.lastResponse.send(textEvent('port'));
    expect(shown()).toBe('port');
    await type('po');
    expect(shown()).toBe('rt');
    await harness.lastResponse.send(textEvent('port os'));
    expect(shown()).toBe('rt os');
    await type('r');
    await harness.lastResponse.send(doneEvent('port os, re'));
    expect(shown()).toBe('t os, re');
    expect(model.completions?.items[0].streaming).toBeFalsy();
    expect(harness.responses).toHaveLength(1);
  });

  it('leaves no stale suggestion when the typed text does not agree', async () => {
    await type('im');
    await harness.lastResponse.send(textEvent('port'));
    await type('x');
    expect(shown()).toBeUndefined();
    await harness.lastResponse.send(doneEvent(''));
    expect(shown()).toBeUndefined();
    expect(model.completions?.items ?? null).toBeNull();
  });

  it('keeps a suggestion that still agrees when there is no other', async () => {
    await type('a');
    await harness.lastResponse.send(doneEvent('bc'));
    harness.context = { ...harness.context, fingerprint: '1' };
    await type('b');
    expect(shown()).toBe('c');
    await harness.lastResponse.send(doneEvent(''));
    expect(shown()).toBe('c');
  });
});
