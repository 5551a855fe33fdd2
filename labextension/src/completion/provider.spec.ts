import {
  IInlineCompletionContext,
  InlineCompletionTriggerKind
} from '@jupyterlab/completer';

import { IErrorEvent } from '../protocol';
import {
  ProviderHarness,
  StreamConsumer,
  doneEvent,
  flushPromises,
  textEvent
} from '../testing/fakes';
import { pause, useProvider } from '../testing/typing';
import { NoSuggestionError } from './requests/suggestionList';

const { Automatic } = InlineCompletionTriggerKind;

describe('SafeCoderProvider', () => {
  let harness: ProviderHarness;

  useProvider(fresh => (harness = fresh));

  it('completes inside a line by default', () => {
    const defaults = harness.provider.schema.default as Record<string, unknown>;
    expect(defaults.autoFillInMiddle).toBe(true);
    expect(defaults.debouncerDelay).toBe(0);
    expect(defaults.timeout).toBeGreaterThanOrEqual(15000);
  });

  it('sends one request for a burst of keystrokes', async () => {
    const results = ['i', 'm', 'p'].map(letter => harness.type(letter));
    await pause();
    expect(harness.responses.map(response => response.request.prefix)).toEqual([
      'imp'
    ]);
    await harness.lastResponse.send(doneEvent('ort os'));
    expect(results.map(result => result.state)).toEqual([
      'rejected',
      'rejected',
      'shown'
    ]);
    expect(results[2].text).toBe('ort os');
    expect(results[2].token).toBeUndefined();
  });

  it('waits for the configured pause, but not when invoked', async () => {
    harness.provider.configure({ debounce: 500, includeOutputs: true });
    harness.type('x');
    await pause(499);
    expect(harness.responses).toHaveLength(0);
    await pause(1);
    expect(harness.responses).toHaveLength(1);
    harness.before += 'y';
    harness.invoke();
    await flushPromises();
    expect(harness.responses).toHaveLength(2);
  });

  it('aborts the running request when the typed text does not agree', async () => {
    harness.type('a');
    await pause();
    const first = harness.lastResponse;
    await first.send(textEvent('bc'));
    harness.type('x');
    expect(first.signal.aborted).toBe(true);
  });

  it('serves typed text from the cache, without a request', async () => {
    harness.type('im');
    await pause();
    await harness.lastResponse.send(doneEvent('port os'));
    const result = harness.type('p');
    await flushPromises();
    expect(result.text).toBe('ort os');
    expect(harness.responses).toHaveLength(1);
  });

  it('sends a new request when the suffix has changed', async () => {
    harness.after = ')';
    harness.type('f(');
    await pause();
    await harness.lastResponse.send(doneEvent('1, 2'));
    harness.after = ', 3)';
    harness.type('1');
    await pause();
    expect(harness.responses).toHaveLength(2);
    expect(harness.lastResponse.request.suffix).toBe(', 3)');
  });

  it.each(['context', 'cell'])(
    'sends a new request when the %s has changed',
    async changed => {
      harness.type('f');
      await pause();
      await harness.lastResponse.send(doneEvent('oo'));
      if (changed === 'cell') {
        harness.cell = 'cell-2';
      } else {
        harness.context = { ...harness.context, fingerprint: '1' };
      }
      harness.fetch(Automatic);
      await pause();
      expect(harness.responses).toHaveLength(2);
    }
  );

  it('keeps the running request while its text agrees with typed text', async () => {
    harness.type('im');
    await pause();
    await harness.lastResponse.send(textEvent('port'));
    const first = new StreamConsumer(harness.provider, 'none');
    const result = harness.type('po');
    await flushPromises();
    expect(first.isFinished).toBe(true);
    expect(result.text).toBe('rt');
    expect(harness.responses).toHaveLength(1);
    expect(harness.lastResponse.signal.aborted).toBe(false);

    const consumer = new StreamConsumer(harness.provider, result.token!);
    await harness.lastResponse.send(textEvent('port os'));
    expect(consumer.texts[consumer.texts.length - 1]).toBe('rt os');
    await harness.lastResponse.send(doneEvent('port os.path'));
    expect(consumer.texts[consumer.texts.length - 1]).toBe('rt os.path');
    expect(consumer.isFinished).toBe(true);
  });

  it('waits for more text when all of it has been typed', async () => {
    harness.type('im');
    await pause();
    await harness.lastResponse.send(textEvent('p'));
    const result = harness.type('p');
    await flushPromises();
    expect(result.state).toBe('pending');
    await harness.lastResponse.send(textEvent('port'));
    expect(result.text).toBe('ort');
    expect(harness.responses).toHaveLength(1);
  });

  it('removes typed text from the stream between two calls of fetch', async () => {
    const result = harness.invoke();
    await flushPromises();
    await harness.lastResponse.send(textEvent('  return'));
    const consumer = new StreamConsumer(harness.provider, result.token!);
    await flushPromises();
    harness.before += '  ';
    await harness.lastResponse.send(textEvent('  return 1'));
    expect(consumer.texts).toEqual(['  return', 'return 1']);
  });

  it.each([
    ['typed other text', (h: ProviderHarness) => void (h.before += 'zzz')],
    ['deleted text', (h: ProviderHarness) => void (h.before = '')],
    ['changed the suffix', (h: ProviderHarness) => void (h.after = '!')],
    ['left the editor', (h: ProviderHarness) => void (h.isInEditor = false)],
    ['cancelled', (h: ProviderHarness) => h.provider.cancel()]
  ])(
    'finishes a stream without an exception once the user has %s',
    async (_, leave) => {
      const result = harness.type('a');
      await pause();
      await harness.lastResponse.send(textEvent('b'));
      const consumer = new StreamConsumer(harness.provider, result.token!);
      await flushPromises();
      leave(harness);
      await harness.lastResponse.send(textEvent('bcd'));
      expect(consumer.texts).toEqual(['b']);
      expect(consumer.isFinished).toBe(true);
      expect(consumer.hasThrown).toBe(false);
    }
  );

  it('finishes the stream of a superseded suggestion', async () => {
    const result = harness.type('a');
    await pause();
    await harness.lastResponse.send(textEvent('b'));
    const consumer = new StreamConsumer(harness.provider, result.token!);
    await flushPromises();
    harness.type('b');
    await flushPromises();
    expect(consumer.isFinished).toBe(true);
  });

  it('finishes the stream and keeps the text when the connection is lost', async () => {
    const result = harness.type('a');
    await pause();
    await harness.lastResponse.send(textEvent('b'));
    const consumer = new StreamConsumer(harness.provider, result.token!);
    await harness.lastResponse.disconnect();
    expect(consumer).toMatchObject({
      isFinished: true,
      hasThrown: false,
      texts: ['b']
    });
    expect(harness.dismissed).toBe(0);
    expect(harness.settledErrors[0]?.code).toBe('runtime_unavailable');
  });

  it('dismisses a suggestion that the server withdraws', async () => {
    const result = harness.type('a');
    await pause();
    await harness.lastResponse.send(textEvent('b'));
    const consumer = new StreamConsumer(harness.provider, result.token!);
    await harness.lastResponse.send(
      doneEvent('', { finish_reason: 'duplicate' })
    );
    expect(harness.dismissed).toBe(1);
    expect(consumer.texts).toEqual(['b']);
  });

  it('shows no completion after the user has left the editor', async () => {
    const result = harness.type('a');
    await pause();
    harness.isInEditor = false;
    await harness.lastResponse.send(doneEvent('b'));
    expect(result.state).toBe('rejected');
  });

  it('caches an empty completion, but not for an explicit request', async () => {
    const first = harness.type('a');
    await pause();
    await harness.lastResponse.send(doneEvent('', { finish_reason: 'blank' }));
    expect(first.state).toBe('rejected');
    expect(harness.emptyReasons).toEqual([]);
    const second = harness.fetch(Automatic);
    await pause();
    expect(second.state).toBe('rejected');
    expect(harness.responses).toHaveLength(1);
    const third = harness.invoke();
    await flushPromises();
    expect(harness.responses).toHaveLength(2);
    await harness.lastResponse.send(
      doneEvent('', { finish_reason: 'duplicate' })
    );
    expect(third.state).toBe('rejected');
    expect(harness.emptyReasons[0]).toMatch(/repeat/);
  });

  it.each(['deadline', 'superseded'] as const)(
    'does not cache a completion that is partial because of %s',
    async finish_reason => {
      harness.type('a');
      await pause();
      await harness.lastResponse.send(doneEvent('b', { finish_reason }));
      harness.fetch(Automatic);
      await pause();
      expect(harness.responses).toHaveLength(2);
    }
  );

  it('sends nothing for retry_after_s, except when invoked', async () => {
    const full: IErrorEvent = {
      event: 'error',
      code: 'queue_full',
      message: 'Too many requests wait.',
      remedy: 'Try again soon.',
      retry_after_s: 5
    };
    const result = harness.type('a');
    await pause();
    await harness.lastResponse.send(full);
    expect(result.state).toBe('rejected');
    expect(harness.settledErrors).toEqual([full]);
    harness.type('b');
    await pause();
    expect(harness.responses).toHaveLength(1);
    const invoked = harness.invoke();
    await flushPromises();
    expect(harness.responses).toHaveLength(2);
    await harness.lastResponse.send(full);
    expect(invoked.error).toBe('Too many requests wait. Try again soon.');
    jest.advanceTimersByTime(5000);
    harness.type('c');
    await pause();
    expect(harness.responses).toHaveLength(3);
  });

  it('sends nothing while it is off, and aborts the running request', async () => {
    harness.type('a');
    await pause();
    harness.isEnabled = false;
    harness.type('b');
    harness.invoke();
    await pause();
    expect(harness.responses).toHaveLength(1);
    expect(harness.lastResponse.signal.aborted).toBe(true);
  });

  it('has no suggestion if the request is not for the text of the editor', async () => {
    harness.before = 'a';
    const request = { ...harness.request(), text: 'b' };
    const context = { triggerKind: Automatic } as IInlineCompletionContext;
    await expect(harness.provider.fetch(request, context)).rejects.toThrow(
      NoSuggestionError
    );
    harness.isInEditor = false;
    await expect(
      harness.provider.fetch(harness.request(), context)
    ).rejects.toThrow(NoSuggestionError);
    await pause();
    expect(harness.responses).toHaveLength(0);
  });

  it('rejects at once when the user leaves during the pause', async () => {
    const result = harness.type('a');
    await flushPromises();
    harness.provider.cancel();
    await pause();
    expect(result.state).toBe('rejected');
    expect(harness.responses).toHaveLength(0);
  });

  it('finds the cursor behind characters of two code units', async () => {
    harness.after = ' 🐍)';
    harness.type("print('🎉🎉', ");
    await pause();
    expect(harness.lastResponse.request.prefix).toBe("print('🎉🎉', ");
    expect(harness.lastResponse.request.suffix).toBe(' 🐍)');
  });

  it('reports the position in the queue', async () => {
    harness.type('a');
    await pause();
    await harness.lastResponse.send({ event: 'queued', position: 2 });
    expect(harness.queuePositions).toEqual([2]);
  });

  it('says what caused a request, and sends the setting of the user', async () => {
    harness.invoke();
    await flushPromises();
    expect(harness.lastResponse.request.options).toEqual({
      trigger: 'explicit'
    });
    harness.provider.configure({ suggestions: 'few' });
    harness.type('x');
    await pause();
    expect(harness.lastResponse.request.options).toEqual({
      trigger: 'automatic',
      suggestions: 'few'
    });
  });

  it('asks again for what was withheld when it is asked for by key', async () => {
    const withheld = harness.type('x');
    await pause();
    await harness.lastResponse.send(textEvent(''));
    expect(withheld.state).toBe('pending');
    await harness.lastResponse.send({
      ...doneEvent(''),
      finish_reason: 'low_confidence'
    });
    expect(withheld.state).toBe('rejected');
    expect(harness.emptyReasons).toEqual([]);
    const asked = harness.invoke();
    await flushPromises();
    expect(harness.responses).toHaveLength(2);
    await harness.lastResponse.send(doneEvent(' = 1'));
    expect(asked.text).toBe(' = 1');
  });

  it('forgets completions when the user wants more or fewer suggestions', async () => {
    harness.type('x');
    await pause();
    await harness.lastResponse.send(doneEvent(' = 1'));
    harness.provider.configure({ suggestions: 'many' });
    harness.type(' ');
    await pause();
    expect(harness.responses).toHaveLength(2);
  });

  it('sends a new request for what was cached before the reset', async () => {
    harness.type('a');
    await pause();
    await harness.lastResponse.send(doneEvent('b'));
    harness.provider.reset();
    harness.fetch(Automatic);
    await pause();
    expect(harness.responses).toHaveLength(2);
  });
});
