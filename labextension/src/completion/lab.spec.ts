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

import { FinishReason } from '../protocol';
import { readCases } from '../testing/cases';
import {
  ProviderHarness,
  doneEvent,
  flushPromises,
  textEvent
} from '../testing/fakes';

/** A case that the replay of typing in Python passes, too. */
interface IEditorCase {
  name: string;
  steps: Array<{
    /** Text that is after the cursor from now on. */
    after?: string;

    /** Text that is typed, and the pause after it. */
    type?: string;

    /** Text of the last request so far. */
    text?: string;

    /** With the text: all that the model has written. */
    unconfirmed?: string;

    /** Final text of the last request. */
    done?: string;
    finish_reason?: FinishReason;

    /** The suggestion after that; empty: none. */
    shown?: string;

    /** Number of requests until then. */
    requests?: number;
  }>;
}

type LabItems = IInlineCompletionList<CompletionHandler.IInlineItem> | null;

describe("SafeCoderProvider in Lab's completer", () => {
  let harness: ProviderHarness;
  let lab: ProviderReconciliator;
  let model: InlineCompleter.Model;

  /**
   * Type as Lab's handler does: update the model first, then fetch. After
   * Enter it does not fetch, and `FreshLineTrigger` makes it.
   */
  async function type(text: string): Promise<void> {
    harness.before += text;
    model.handleTextChange({ sourceChange: [{ insert: text }] });
    const isEnter = text.startsWith('\n');
    if (isEnter) {
      const { before, after } = harness;
      harness.provider.expectAutomatic(
        {
          text: before + after,
          cursor: before.length
        },
        true
      );
    }
    const { Automatic, Invoke } = InlineCompletionTriggerKind;
    const [promise] = lab.fetchInline(
      harness.request(),
      isEnter ? Invoke : Automatic
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

  it.each(readCases<IEditorCase>('editor'))('$name', async testCase => {
    // The replay sends no requests in advance.
    harness.provider.configure({ prefetch: false });
    for (const step of testCase.steps) {
      harness.after = step.after ?? harness.after;
      if (step.type !== undefined) {
        await type(step.type);
      }
      if (step.text !== undefined) {
        await harness.lastResponse.send(textEvent(step.text, step.unconfirmed));
      }
      if (step.done !== undefined) {
        const finish_reason = step.finish_reason ?? 'end';
        await harness.lastResponse.send(
          doneEvent(step.done, { finish_reason })
        );
        expect(model.completions?.items[0]?.streaming).toBeFalsy();
      }
      if (step.shown !== undefined) {
        expect(shown() ?? '').toBe(step.shown);
      }
      if (step.requests !== undefined) {
        expect(harness.responses).toHaveLength(step.requests);
      }
    }
  });

  it('keeps a suggestion that still agrees when the context has changed', async () => {
    await type('a');
    await harness.lastResponse.send(doneEvent('bc'));
    harness.context = { ...harness.context, fingerprint: '1' };
    await type('b');
    expect(shown()).toBe('c');
    await harness.lastResponse.send(doneEvent(''));
    expect(shown()).toBe('c');
  });

  it('has no empty list of suggestions', async () => {
    await type('im');
    await harness.lastResponse.send(textEvent('port'));
    await type('x');
    await harness.lastResponse.send(doneEvent(''));
    expect(model.completions?.items ?? null).toBeNull();
  });
});
