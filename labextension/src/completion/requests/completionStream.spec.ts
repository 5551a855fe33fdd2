import { CompletionEvent, IErrorEvent } from '../../protocol';
import {
  FakeResponse,
  doneEvent,
  flushPromises,
  textEvent,
  trans
} from '../../testing/fakes';
import { CompletionStream } from './completionStream';

const engineFailed: IErrorEvent = {
  event: 'error',
  code: 'engine_failed',
  message: 'The engine failed.'
};

describe('CompletionStream', () => {
  let positions: number[];
  let response: FakeResponse;
  let stream: CompletionStream;
  let texts: string[];

  beforeEach(() => {
    positions = [];
    stream = new CompletionStream({
      key: 'key',
      onQueued: position => void positions.push(position),
      request: {
        version: 2,
        document: 'doc',
        path: 'work.ipynb',
        language: 'python',
        before: [],
        prefix: 'im',
        suffix: '',
        options: { trigger: 'automatic' }
      },
      trans,
      transport: (request, signal) => {
        response = new FakeResponse(request, signal);
        return response.events();
      }
    });
    texts = [];
    stream.changed.connect(() => void texts.push(stream.text));
  });

  afterEach(() => stream.abort());

  it('has the key and the prefix of the request', () => {
    expect([stream.key, stream.prefix]).toEqual(['key', 'im']);
    expect([stream.isSettled, stream.isAborted]).toEqual([false, false]);
  });

  it('collects the text until it is final', async () => {
    await response.send(
      { event: 'queued', position: 2 },
      textEvent('port'),
      textEvent('port'),
      textEvent('port os')
    );
    expect(positions).toEqual([2]);
    expect(texts).toEqual(['port', 'port os']);
    expect([stream.isSettled, stream.finishReason]).toEqual([false, null]);
    await response.send(doneEvent('port o', { finish_reason: 'line' }));
    await stream.settled;
    expect(texts).toEqual(['port', 'port os', 'port o']);
    expect([stream.isSettled, stream.finishReason]).toEqual([true, 'line']);
    expect(stream.error).toBeNull();
  });

  it('keeps the text before an error', async () => {
    await response.send(textEvent('port'), engineFailed);
    await stream.settled;
    expect(stream.text).toBe('port');
    expect(stream.error).toBe(engineFailed);
    expect(stream.finishReason).toBeNull();
  });

  it('has an error when the connection is lost', async () => {
    await response.send(textEvent('port'));
    await response.disconnect();
    await stream.settled;
    expect(stream.error).toMatchObject({
      code: 'runtime_unavailable',
      message: 'The connection to the server was lost.'
    });
  });

  it('has an error when the response has no last event', async () => {
    stream = new CompletionStream({
      key: 'key',
      request: response.request,
      trans,
      transport: async function* (): AsyncGenerator<CompletionEvent> {
        yield { event: 'queued', position: 1 };
      }
    });
    await stream.settled;
    expect(stream.error?.code).toBe('runtime_unavailable');
  });

  it('settles at once when it is aborted, and ignores what follows', async () => {
    await response.send(textEvent('port'));
    stream.abort();
    expect([stream.isAborted, stream.isSettled]).toEqual([true, true]);
    expect(response.signal.aborted).toBe(true);
    await response.send(textEvent('port os'));
    await stream.settled;
    expect(stream.text).toBe('port');
    stream.abort();
    expect(texts).toEqual(['port', 'port']);
  });

  it('measures the time to the first text', async () => {
    let now = 1000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    stream = new CompletionStream({
      key: 'key',
      request: response.request,
      trans,
      transport: (request, signal) => {
        response = new FakeResponse(request, signal);
        return response.events();
      }
    });
    now = 1200;
    expect(stream.ttft).toBe(200);
    now = 1300;
    await response.send(textEvent('', 'unsure'));
    now = 1400;
    await response.send(doneEvent(''));
    expect(stream.ttft).toBe(300);
    jest.restoreAllMocks();
  });

  it('ignores an event that arrives with the abort', async () => {
    let finish: () => void = () => undefined;
    stream = new CompletionStream({
      key: 'key',
      request: response.request,
      trans,
      transport: async function* (): AsyncGenerator<CompletionEvent> {
        await new Promise<void>(resolve => (finish = resolve));
        yield textEvent('late');
      }
    });
    await flushPromises();
    stream.abort();
    finish();
    await stream.settled;
    expect([stream.text, stream.error]).toEqual(['', null]);
  });

  it.each([
    ['im', 'port os'],
    ['impo', 'rt os'],
    ['import os', ''],
    ['import os.', null],
    ['imx', null],
    ['i', null],
    ['xim', null]
  ])('has the remainder for the prefix %j: %j', async (prefix, expected) => {
    await response.send(textEvent('port os'));
    expect(stream.remainder(prefix)).toBe(expected);
  });
});
