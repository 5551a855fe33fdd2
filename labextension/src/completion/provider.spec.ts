import { Desk, Listener, done, settle } from '../testing/fakes';
import { CompletionEvent, IErrorEvent } from '../protocol';

const DEBOUNCE = 60;

function text(value: string): CompletionEvent {
  return { event: 'text', text: value, tokens: 1 };
}

/** Let the debounce go by. */
async function pause(ms = DEBOUNCE): Promise<void> {
  await settle();
  jest.advanceTimersByTime(ms);
  await settle();
}

describe('SafeCoderProvider', () => {
  let desk: Desk;

  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000_000 });
    desk = new Desk();
  });

  afterEach(() => {
    desk.provider.cancel();
    jest.useRealTimers();
  });

  it('asks for the middle of a line by default', () => {
    const defaults = desk.provider.schema.default as Record<string, unknown>;
    expect(defaults.autoFillInMiddle).toBe(true);
    expect(defaults.debouncerDelay).toBe(0);
    expect(defaults.timeout).toBeGreaterThanOrEqual(15000);
  });

  it('sends one request for a burst of keystrokes', async () => {
    const asks = ['i', 'm', 'p'].map(letter => desk.type(letter));
    await pause();
    expect(desk.calls.map(call => call.request.prefix)).toEqual(['imp']);
    await desk.last.send(done('ort os'));
    expect(asks.map(ask => ask.state)).toEqual([
      'rejected',
      'rejected',
      'shown'
    ]);
    expect(asks[2].text).toBe('ort os');
    expect(asks[2].token).toBeUndefined();
  });

  it('waits for the configured pause, and not at all when invoked', async () => {
    desk.provider.configure({ debounce: 500, includeOutputs: true });
    desk.type('x');
    await pause(499);
    expect(desk.calls).toHaveLength(0);
    await pause(1);
    expect(desk.calls).toHaveLength(1);
    desk.before += 'y';
    desk.invoke();
    await settle();
    expect(desk.calls).toHaveLength(2);
  });

  it('aborts the request on its way when the text does not agree', async () => {
    desk.type('a');
    await pause();
    const first = desk.last;
    await first.send(text('bc'));
    desk.type('x');
    expect(first.signal.aborted).toBe(true);
  });

  it('serves what is typed along from memory, without a request', async () => {
    desk.type('im');
    await pause();
    await desk.last.send(done('port os'));
    const ask = desk.type('p');
    await settle();
    expect(ask.text).toBe('ort os');
    expect(desk.calls).toHaveLength(1);
  });

  it('asks anew when the cell below the cursor has changed', async () => {
    desk.after = ')';
    desk.type('f(');
    await pause();
    await desk.last.send(done('1, 2'));
    desk.after = ', 3)';
    desk.type('1');
    await pause();
    expect(desk.calls).toHaveLength(2);
    expect(desk.last.request.suffix).toBe(', 3)');
  });

  it.each(['around', 'cell'])(
    'asks anew when the %s is another',
    async what => {
      desk.type('f');
      await pause();
      await desk.last.send(done('oo'));
      if (what === 'cell') {
        desk.cell = 'cell-2';
      } else {
        desk.around = { before: [], fingerprint: '1' };
      }
      desk.ask(1);
      await pause();
      expect(desk.calls).toHaveLength(2);
    }
  );

  it('keeps the request whose text agrees with what is typed', async () => {
    desk.type('im');
    await pause();
    await desk.last.send(text('port'));
    const first = new Listener(desk.provider, 'none');
    const ask = desk.type('po');
    await settle();
    expect(first.isEnded).toBe(true);
    expect(ask.text).toBe('rt');
    expect(desk.calls).toHaveLength(1);
    expect(desk.last.signal.aborted).toBe(false);

    const listener = new Listener(desk.provider, ask.token!);
    await desk.last.send(text('port os'));
    expect(listener.texts[listener.texts.length - 1]).toBe('rt os');
    await desk.last.send(done('port os.path'));
    expect(listener.texts[listener.texts.length - 1]).toBe('rt os.path');
    expect(listener.isEnded).toBe(true);
  });

  it('waits on when all of the text so far has been typed', async () => {
    desk.type('im');
    await pause();
    await desk.last.send(text('p'));
    const ask = desk.type('p');
    await settle();
    expect(ask.state).toBe('pending');
    await desk.last.send(text('port'));
    expect(ask.text).toBe('ort');
    expect(desk.calls).toHaveLength(1);
  });

  it('trims what is typed while Lab does not ask', async () => {
    const ask = desk.invoke();
    await settle();
    await desk.last.send(text('  return'));
    const listener = new Listener(desk.provider, ask.token!);
    await settle();
    desk.before += '  ';
    await desk.last.send(text('  return 1'));
    expect(listener.texts).toEqual(['  return', 'return 1']);
  });

  it.each([
    ['typed otherwise', (d: Desk) => void (d.before += 'zzz')],
    ['deleted', (d: Desk) => void (d.before = '')],
    ['changed below', (d: Desk) => void (d.after = '!')],
    ['left', (d: Desk) => void (d.isHere = false)],
    ['cancelled', (d: Desk) => d.provider.cancel()]
  ])(
    'ends a stream, without a throw, once the person has %s',
    async (_, act) => {
      const ask = desk.type('a');
      await pause();
      await desk.last.send(text('b'));
      const listener = new Listener(desk.provider, ask.token!);
      await settle();
      act(desk);
      await desk.last.send(text('bcd'));
      expect(listener.texts).toEqual(['b']);
      expect(listener.isEnded).toBe(true);
      expect(listener.threw).toBe(false);
    }
  );

  it('ends the stream of a superseded suggestion', async () => {
    const ask = desk.type('a');
    await pause();
    await desk.last.send(text('b'));
    const listener = new Listener(desk.provider, ask.token!);
    await settle();
    desk.type('b');
    await settle();
    expect(listener.isEnded).toBe(true);
  });

  it('ends the stream and keeps the text when the connection dies', async () => {
    const ask = desk.type('a');
    await pause();
    await desk.last.send(text('b'));
    const listener = new Listener(desk.provider, ask.token!);
    await desk.last.drop();
    expect(listener).toMatchObject({
      isEnded: true,
      threw: false,
      texts: ['b']
    });
    expect(desk.dismissed).toBe(0);
    expect(desk.answers[0]?.code).toBe('runtime_unavailable');
  });

  it('takes a suggestion back that the server withdraws', async () => {
    const ask = desk.type('a');
    await pause();
    await desk.last.send(text('b'));
    const listener = new Listener(desk.provider, ask.token!);
    await desk.last.send(done('', { finish_reason: 'duplicate' }));
    expect(desk.dismissed).toBe(1);
    expect(listener.texts).toEqual(['b']);
  });

  it('does not show an answer for a place that the person has left', async () => {
    const ask = desk.type('a');
    await pause();
    desk.isHere = false;
    await desk.last.send(done('b'));
    expect(ask.state).toBe('rejected');
  });

  it('remembers an empty answer, but not for an explicit request', async () => {
    const first = desk.type('a');
    await pause();
    await desk.last.send(done('', { finish_reason: 'blank' }));
    expect(first.state).toBe('rejected');
    expect(desk.nothings).toEqual([]);
    const second = desk.ask(1);
    await pause();
    expect(second.state).toBe('rejected');
    expect(desk.calls).toHaveLength(1);
    const third = desk.invoke();
    await settle();
    expect(desk.calls).toHaveLength(2);
    await desk.last.send(done('', { finish_reason: 'duplicate' }));
    expect(third.state).toBe('rejected');
    expect(desk.nothings[0]).toMatch(/repeat/);
  });

  it.each(['deadline', 'superseded'] as const)(
    'does not remember an answer cut short by %s',
    async finish_reason => {
      desk.type('a');
      await pause();
      await desk.last.send(done('b', { finish_reason }));
      desk.ask(1);
      await pause();
      expect(desk.calls).toHaveLength(2);
    }
  );

  it('stays away for as long as the server asks, except when invoked', async () => {
    const full: IErrorEvent = {
      event: 'error',
      code: 'queue_full',
      message: 'Too many people wait.',
      remedy: 'Try again soon.',
      retry_after_s: 5
    };
    const ask = desk.type('a');
    await pause();
    await desk.last.send(full);
    expect(ask.state).toBe('rejected');
    expect(desk.answers).toEqual([full]);
    desk.type('b');
    await pause();
    expect(desk.calls).toHaveLength(1);
    const asked = desk.invoke();
    await settle();
    expect(desk.calls).toHaveLength(2);
    await desk.last.send(full);
    expect(asked.error).toBe('Too many people wait. Try again soon.');
    jest.advanceTimersByTime(5000);
    desk.type('c');
    await pause();
    expect(desk.calls).toHaveLength(3);
  });

  it('sends nothing while it is off, and stops what is on its way', async () => {
    desk.type('a');
    await pause();
    desk.enabled = false;
    desk.type('b');
    desk.invoke();
    await pause();
    expect(desk.calls).toHaveLength(1);
    expect(desk.last.signal.aborted).toBe(true);
  });

  it('settles at once when the person leaves during the pause', async () => {
    const ask = desk.type('a');
    await settle();
    desk.provider.cancel();
    await pause();
    expect(ask.state).toBe('rejected');
    expect(desk.calls).toHaveLength(0);
  });

  it('counts the cursor in characters, not in code units', async () => {
    desk.after = ' 🐍)';
    desk.type("print('🎉🎉', ");
    await pause();
    expect(desk.last.request.prefix).toBe("print('🎉🎉', ");
    expect(desk.last.request.suffix).toBe(' 🐍)');
  });

  it('tells the place in the queue', async () => {
    desk.type('a');
    await pause();
    await desk.last.send({ event: 'queued', position: 2 });
    expect(desk.places).toEqual([2]);
  });

  it('asks again for what was cached before the document closed', async () => {
    desk.type('a');
    await pause();
    await desk.last.send(done('b'));
    desk.provider.forget();
    desk.ask(1);
    await pause();
    expect(desk.calls).toHaveLength(2);
  });
});
