/**
 * Requests in advance and other suggestions, as the provider makes them.
 */
import {
  IInlineCompletionContext,
  InlineCompletionTriggerKind
} from '@jupyterlab/completer';

import { EMPTY_PROJECT } from '../context/context';
import {
  FetchResult,
  ProviderHarness,
  doneEvent,
  flushPromises,
  textEvent
} from '../../testing/fakes';
import { DEBOUNCE, pause, useProvider } from '../../testing/typing';

const { Automatic, Invoke } = InlineCompletionTriggerKind;

describe('Requests', () => {
  let harness: ProviderHarness;

  useProvider(fresh => (harness = fresh));

  /** Type a text whose suggestion is complete. */
  async function complete(text: string, suggestion: string): Promise<void> {
    harness.type(text);
    await pause();
    await harness.lastResponse.send(doneEvent(suggestion));
  }

  const prefixes = (): string[] =>
    harness.background.map(response => response.request.prefix);

  describe('prefetch', () => {
    it('requests what comes after a suggestion, as if it was accepted', async () => {
      harness.after = '\nend';
      await complete('x = ', '1');
      expect(harness.background.map(({ request }) => request)).toMatchObject([
        { prefix: 'x = 1', suffix: '\nend', options: { trigger: 'prefetch' } }
      ]);
      await harness.background[0].send(doneEvent(' + 2'));
      const next = harness.type('1');
      await flushPromises();
      expect([next.text, harness.responses.length]).toEqual([' + 2', 1]);
      expect(prefixes()).toEqual(['x = 1', 'x = 1 + 2']);
    });

    it('goes on while the suggestion is typed, and ends with another key', async () => {
      await complete('im', 'port os');
      harness.type('p');
      harness.type('o');
      await flushPromises();
      expect(prefixes()).toEqual(['import os']);
      expect(harness.background[0].signal.aborted).toBe(false);
      harness.type('x');
      expect(harness.background[0].signal.aborted).toBe(true);
    });

    it('is taken over by the call that needs it', async () => {
      await complete('x = ', '1');
      const next = harness.type('1');
      await pause();
      expect([next.state, harness.responses.length]).toEqual(['pending', 1]);
      await harness.background[0].send(doneEvent(' + 2'));
      expect([next.text, harness.responses.length]).toEqual([' + 2', 1]);
    });

    it.each(['superseded', 'error'])(
      'is requested again by the user if it was %s',
      async end => {
        await complete('x = ', '1');
        const next = harness.type('1');
        await pause();
        await harness.background[0].send(
          end === 'error'
            ? { event: 'error', code: 'queue_full', message: 'Full.' }
            : doneEvent('', { finish_reason: 'superseded' })
        );
        expect(harness.lastResponse.request).toMatchObject({
          prefix: 'x = 1',
          options: { trigger: 'automatic' }
        });
        await harness.lastResponse.send(doneEvent(' + 2'));
        expect(next.text).toBe(' + 2');
      }
    );

    it.each([{ prefetch: false }, { suggestions: 'manual' }])(
      'is not done with the settings %j',
      async settings => {
        harness.provider.configure(settings);
        harness.before = 'x = ';
        harness.invoke();
        await flushPromises();
        await harness.lastResponse.send(doneEvent('1'));
        expect(prefixes()).toEqual([]);
      }
    );

    it('is not done for nothing, for a part, or after another key', async () => {
      await complete('x', '');
      await complete('y', 'z');
      expect(prefixes()).toEqual(['xyz']);
      harness.type('!');
      await pause();
      const finish_reason = 'deadline';
      await harness.lastResponse.send(doneEvent('part', { finish_reason }));
      harness.type('?');
      await pause();
      const { lastResponse } = harness;
      harness.type('?');
      await lastResponse.send(doneEvent('late'));
      expect(prefixes()).toEqual(['xyz']);
    });

    it('ends when the user leaves', async () => {
      await complete('x = ', '1');
      harness.provider.cancel();
      expect(harness.background[0].signal.aborted).toBe(true);
    });
  });

  describe('warm', () => {
    const context = { triggerKind: Invoke } as IInlineCompletionContext;

    it('has the prompt of a place computed', async () => {
      harness.before = 'x = ';
      harness.provider.warm(context);
      expect(harness.background.map(({ request }) => request)).toMatchObject([
        { prefix: 'x = ', options: { trigger: 'warm' } }
      ]);
      harness.type('1');
      expect(harness.background[0].signal.aborted).toBe(true);
      await pause();
      expect(harness.responses).toHaveLength(1);
    });

    it('is not done while the user waits for a request', async () => {
      harness.type('x');
      await pause();
      harness.provider.warm(context);
      expect(prefixes()).toEqual([]);
      await harness.lastResponse.send(doneEvent(''));
      harness.provider.warm(context);
      expect(prefixes()).toEqual(['x']);
    });

    it('is not done for nothing, without an editor, or when it is off', () => {
      harness.provider.warm(context);
      harness.context = {
        ...EMPTY_PROJECT,
        before: [{ type: 'code', source: 'x' }],
        below: [],
        fingerprint: '1'
      };
      harness.isEnabled = false;
      harness.provider.warm(context);
      harness.isEnabled = true;
      harness.isInEditor = false;
      harness.provider.warm(context);
      expect(prefixes()).toEqual([]);
      harness.isInEditor = true;
      harness.provider.warm(context);
      expect(prefixes()).toEqual(['']);
    });
  });

  describe('alternatives', () => {
    it('are requested for the place of the suggestion', async () => {
      await complete('x = ', 'max(y)');
      const found = harness.provider.alternatives('max(y)');
      await flushPromises();
      expect(harness.background[0].signal.aborted).toBe(true);
      expect(harness.lastResponse.request).toMatchObject({
        prefix: 'x = ',
        options: { trigger: 'explicit', alternatives: 3 }
      });
      const alternatives = ['max(y)', 'min(y)', 'len(y)'];
      await harness.lastResponse.send(doneEvent('max(y)', { alternatives }));
      expect(await found).toEqual(['min(y)', 'len(y)']);
      expect(harness.emptyReasons).toEqual([]);
    });

    it('take the place of the suggestion once they are chosen', async () => {
      await complete('x = ', 'max(y)');
      harness.provider.choose('min(y)');
      expect(prefixes()).toEqual(['x = max(y)', 'x = min(y)']);
      const typed = harness.type('mi');
      await flushPromises();
      expect([typed.text, harness.responses.length]).toEqual(['n(y)', 1]);
    });

    it.each([
      [[], /too unsure/],
      [undefined, /engine cannot/]
    ])('may be none: %j', async (alternatives, reason) => {
      await complete('x = ', 'max(y)');
      const found = harness.provider.alternatives('max(y)');
      await flushPromises();
      await harness.lastResponse.send(doneEvent('', { alternatives }));
      expect(await found).toEqual([]);
      expect(harness.emptyReasons).toEqual([expect.stringMatching(reason)]);
    });

    it('are dropped when the user types', async () => {
      await complete('x = ', 'max(y)');
      const found = harness.provider.alternatives('max(y)');
      await flushPromises();
      const { lastResponse } = harness;
      harness.type('m');
      expect(lastResponse.signal.aborted).toBe(true);
      expect(await found).toEqual([]);
      expect(harness.emptyReasons).toEqual([]);
    });

    it('report an error', async () => {
      await complete('x = ', 'max(y)');
      const found = harness.provider.alternatives('max(y)');
      await flushPromises();
      const code = 'queue_full';
      await harness.lastResponse.send(
        { event: 'queued', position: 1 },
        { event: 'error', code, message: 'Full.' }
      );
      await harness.lastResponse.disconnect();
      await found;
      expect(harness.settledErrors.pop()).toMatchObject({ code });
    });

    it('are none without a call', async () => {
      expect(await harness.provider.alternatives('x')).toEqual([]);
      harness.provider.choose('x');
      expect(harness.responses).toEqual([]);
    });
  });

  describe('line ends', () => {
    beforeEach(() => {
      harness.isMisaligned = true;
      harness.before = 'a = 1\nb';
    });

    it('are aligned, after which Lab asks again', async () => {
      expect(harness.invoke().state).toBe('pending');
      await flushPromises();
      expect([harness.isMisaligned, harness.responses.length]).toEqual([
        false,
        0
      ]);
      harness.invoke();
      await flushPromises();
      expect(harness.lastResponse.request.prefix).toBe('a = 1\nb');
    });

    it('are those of the editor where they cannot be aligned', async () => {
      harness.canAlign = false;
      harness.invoke();
      await flushPromises();
      expect(harness.lastResponse.request.prefix).toBe('a = 1\nb');
    });
  });

  it('keeps a suggestion that comes while what was typed along is deleted', async () => {
    harness.type('im');
    await pause();
    await harness.lastResponse.send({
      event: 'text',
      text: 'port os',
      tokens: 1
    });
    harness.type('po');
    harness.inputKind = 'retract';
    harness.before = 'imp';
    const result = harness.type('');
    await pause();
    expect([result.text, harness.responses.length]).toEqual(['ort os', 1]);
    expect(harness.lastResponse.signal.aborted).toBe(false);
  });

  it('adapts the pause to the rhythm of the user and the model', async () => {
    for (let key = 0; key < 5; key++) {
      harness.type('x');
      await pause();
      jest.advanceTimersByTime(140);
      await harness.lastResponse.send(doneEvent(''));
    }
    // 140 ms to the answer, 200 ms between two keys.
    const sent = harness.responses.length;
    harness.type('y');
    await pause(83);
    expect(harness.responses).toHaveLength(sent);
    await pause(1);
    expect(harness.responses).toHaveLength(sent + 1);
  });

  describe('while another user changes the text', () => {
    /** Make a change of another user; Lab then calls `fetch`. */
    function change(before: string, after: string): FetchResult {
      Object.assign(harness, { before, after, isChangedRemotely: true });
      const result = harness.fetch(Automatic);
      harness.isChangedRemotely = false;
      return result;
    }

    it('keeps a suggestion whose line stays, and requests nothing', async () => {
      harness.after = '\nend';
      await complete('x = ', '1 + 2');
      const count = harness.background.length;
      const kept = change('above\nx = ', '\nend\nbelow');
      await flushPromises();
      expect(kept.text).toBe('1 + 2');
      const typed = harness.type('1');
      await pause();
      expect(typed.text).toBe(' + 2');
      expect(harness.responses).toHaveLength(1);
      expect(count).toBe(1);
    });

    it('keeps the running request', async () => {
      harness.type('x');
      await pause();
      await harness.lastResponse.send(textEvent(' ='));
      const first = harness.type(' ');
      await flushPromises();
      const kept = change('above\nx ', '\nbelow');
      await harness.lastResponse.send(doneEvent(' = 1'));
      expect([first.text, kept.text]).toEqual(['=', '=']);
      expect(harness.responses).toHaveLength(1);
      const typed = harness.type('=');
      await flushPromises();
      expect(typed.text).toBe(' 1');
    });

    it('sends the request of the last key after the pause', async () => {
      const first = harness.type('x');
      await pause(DEBOUNCE - 1);
      const kept = change('above\nx', '\nbelow');
      await pause();
      expect(first.state).toBe('rejected');
      expect(harness.responses).toHaveLength(1);
      expect(harness.lastResponse.request.prefix).toBe('above\nx');
      await harness.lastResponse.send(doneEvent(' = 1'));
      expect(kept.text).toBe(' = 1');
    });

    it.each([
      ['y = ', ''],
      ['x = ', ' # now']
    ])('shows nothing in a line that changes: %j', async (before, after) => {
      await complete('x = ', '1');
      const result = change(before, after);
      await pause();
      expect(result.state).toBe('rejected');
      expect(harness.responses).toHaveLength(1);
      expect(harness.dismissed).toBe(1);
    });

    it('shows nothing where nothing was suggested, or it was refused', async () => {
      const none = change('x = ', '');
      await pause();
      expect([none.state, harness.responses.length]).toEqual(['rejected', 0]);
      await complete('1', '2');
      harness.provider.refuse();
      const refused = change('above\nx = 1', '');
      await pause();
      expect(refused.state).toBe('rejected');
      expect(harness.responses).toHaveLength(1);
    });

    it('shows nothing after an empty completion', async () => {
      await complete('x', '');
      const result = change('above\nx', '');
      await pause();
      expect(result.state).toBe('rejected');
      expect(harness.responses).toHaveLength(1);
    });
  });
});
