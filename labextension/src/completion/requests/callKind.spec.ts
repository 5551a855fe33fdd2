import {
  ProviderHarness,
  doneEvent,
  flushPromises,
  textEvent
} from '../../testing/fakes';
import { DEBOUNCE, pause, useProvider } from '../../testing/typing';
import { CallKind, CallKinds } from './callKind';
import { InputKind } from '../editor/lastInput';

describe('CallKinds', () => {
  const state = { text: 'x = ', cursor: 4 };

  it.each<[InputKind, CallKind]>([
    ['type', 'automatic'],
    ['retract', 'known'],
    ['delete', 'none'],
    ['undo', 'none'],
    ['compose', 'none']
  ])('%s: %s', (input, kind) => {
    const kinds = new CallKinds(() => input);
    expect(kinds.classify(false, state)).toBe(kind);
    expect(kinds.classify(true, state)).toBe('explicit');
  });

  it('knows what was typed along, as long as each deletion finds it', () => {
    let input: InputKind = 'retract';
    const kinds = new CallKinds(() => input);
    expect(kinds.classify(false, state)).toBe('known');
    // The suggestion is not shown again yet.
    input = 'delete';
    expect(kinds.classify(false, state)).toBe('known');
    kinds.onUnknown();
    expect(kinds.classify(false, state)).toBe('none');
    input = 'retract';
    expect(kinds.classify(false, state)).toBe('known');
    input = 'type';
    expect(kinds.classify(false, state)).toBe('automatic');
    input = 'delete';
    expect(kinds.classify(false, state)).toBe('none');
  });

  it('takes one explicit call at the expected cursor for automatic', () => {
    const kinds = new CallKinds(() => 'undo');
    kinds.expect({ ...state });
    expect(kinds.classify(true, state)).toBe('automatic');
    expect(kinds.classify(true, state)).toBe('explicit');
  });

  it.each([null, { text: 'x = ', cursor: 0 }, { text: 'y = ', cursor: 4 }])(
    'takes a call for explicit if %j was expected',
    expected => {
      const kinds = new CallKinds(() => 'type');
      kinds.expect(expected);
      expect(kinds.classify(true, state)).toBe('explicit');
    }
  );

  it('expects nothing after another call', () => {
    const kinds = new CallKinds(() => 'type');
    kinds.expect(state);
    kinds.classify(false, { text: 'x = 1', cursor: 5 });
    expect(kinds.classify(true, state)).toBe('explicit');
  });
});

describe('SafeCoderProvider', () => {
  let harness: ProviderHarness;

  useProvider(fresh => (harness = fresh));

  it('pauses before an expected call, which Lab takes for an explicit one', async () => {
    harness.before = 'def area(r):\n    ';
    const state = { text: harness.before, cursor: harness.before.length };
    expect(harness.provider.expectAutomatic(state, true)).toBe(true);
    harness.invoke();
    await pause(DEBOUNCE - 1);
    expect(harness.responses).toHaveLength(0);
    await pause(1);
    expect(harness.lastResponse.request.options?.trigger).toBe('automatic');
  });

  it('takes a call for explicit if another one was expected', async () => {
    harness.before = 'x = ';
    harness.provider.expectAutomatic({ text: 'x = ', cursor: 0 }, true);
    harness.invoke();
    await flushPromises();
    expect(harness.lastResponse.request.options?.trigger).toBe('explicit');
    harness.provider.expectAutomatic({ text: 'x = y', cursor: 5 }, true);
    harness.before = 'x = y';
    harness.provider.expectAutomatic({ text: 'x = y', cursor: 5 }, true);
    harness.invoke();
    await pause();
    harness.before = 'x = y';
    harness.invoke();
    await flushPromises();
    expect(harness.lastResponse.request.options?.trigger).toBe('explicit');
  });

  it.each(['setting', 'switch'])(
    'expects nothing if the %s is off',
    async name => {
      harness.provider.configure({ freshLine: name !== 'setting' });
      harness.isEnabled = name !== 'switch';
      const expected = harness.provider.expectAutomatic(
        {
          text: '',
          cursor: 0
        },
        true
      );
      expect(expected).toBe(false);
    }
  );

  it('shows who deletes what is known, and sends nothing', async () => {
    harness.type('im');
    await pause();
    await harness.lastResponse.send(doneEvent('port os'));
    harness.type('p');
    harness.inputKind = 'retract';
    harness.before = 'im';
    const known = harness.type('');
    await pause();
    expect(known.text).toBe('port os');
    harness.before = 'i';
    const unknown = harness.type('');
    await pause();
    expect([unknown.state, harness.responses.length]).toEqual(['rejected', 1]);
  });

  it.each(['undo', 'compose'] as const)(
    'shows nothing while the user does: %s',
    async kind => {
      harness.type('im');
      await pause();
      await harness.lastResponse.send(doneEvent('port os'));
      harness.inputKind = kind;
      const result = harness.type('p');
      await pause();
      expect([result.state, harness.responses.length]).toEqual(['rejected', 1]);
    }
  );

  it('forgets what was refused', async () => {
    harness.type('im');
    await pause();
    await harness.lastResponse.send(doneEvent('port os'));
    harness.type('p');
    await flushPromises();
    harness.provider.refuse();
    harness.provider.refuse();
    harness.inputKind = 'retract';
    harness.before = 'im';
    const result = harness.type('');
    await pause();
    expect(result.state).toBe('rejected');
  });

  it('sends requests for explicit calls alone if the setting is manual', async () => {
    harness.provider.configure({ suggestions: 'manual' });
    const state = { text: '', cursor: 0 };
    expect(harness.provider.expectAutomatic(state, true)).toBe(false);
    const typed = harness.type('im');
    await pause();
    expect([typed.state, harness.responses.length]).toEqual(['rejected', 0]);
    harness.invoke();
    await flushPromises();
    expect(harness.lastResponse.request.options).toEqual({
      trigger: 'explicit'
    });
    await harness.lastResponse.send(textEvent('port'));
    const along = harness.type('p');
    await flushPromises();
    expect(along.text).toBe('ort');
    harness.type('x');
    await pause();
    expect(harness.responses).toHaveLength(1);
  });
});
