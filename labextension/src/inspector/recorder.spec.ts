import { CompletionTransport } from '../completion/requests/transport';
import {
  CompletionEvent,
  ICompletionRequest,
  PROTOCOL_VERSION
} from '../protocol';
import {
  FakeResponse,
  doneEvent,
  flushPromises,
  textEvent
} from '../testing/fakes';
import { RequestRecorder } from './recorder';

const REQUEST: ICompletionRequest = {
  version: PROTOCOL_VERSION,
  document: 'doc',
  path: 'a.ipynb',
  language: 'python',
  before: [{ type: 'code', source: 'a' }],
  prefix: 'x = ',
  suffix: '',
  options: { trigger: 'automatic' }
};

describe('RequestRecorder', () => {
  let changes: number;
  let now: number;
  let recorder: RequestRecorder;
  let responses: FakeResponse[];
  let transport: CompletionTransport;
  let controller: AbortController;

  /** Send a request; returns the events that arrive. */
  function send(request = REQUEST): CompletionEvent[] {
    const events: CompletionEvent[] = [];
    void (async () => {
      for await (const event of transport(request, controller.signal)) {
        events.push(event);
      }
    })().catch(() => undefined);
    return events;
  }

  beforeEach(() => {
    changes = 0;
    now = 1000;
    responses = [];
    controller = new AbortController();
    recorder = new RequestRecorder({ cellsAbove: () => 7, now: () => now });
    recorder.changed.connect(() => changes++);
    transport = recorder.wrap((request, signal) => {
      const response = new FakeResponse(request, signal);
      responses.push(response);
      return response.events();
    });
  });

  it.each(['prefetch', 'warm'] as const)('leaves out %s', async trigger => {
    const events = send({ ...REQUEST, options: { trigger } });
    await flushPromises();
    await responses[0].send(doneEvent('x'));
    expect(events).toHaveLength(1);
    expect(recorder.last).toBeNull();
    expect(changes).toBe(0);
  });

  it('records a request and its times, and passes everything on', async () => {
    recorder.handleEvent({ timeStamp: 940 } as Event);
    expect(recorder.last).toBeNull();
    const events = send();
    await flushPromises();
    expect(recorder.last).toEqual({
      request: REQUEST,
      cellsAbove: 7,
      delay: 60,
      firstText: null,
      total: null,
      isCancelled: false,
      text: '',
      done: null,
      error: null
    });
    now = 1030;
    await responses[0].send(textEvent('1'));
    now = 1050;
    const done = doneEvent('12');
    await responses[0].send(done);
    await responses[0].disconnect();
    expect(recorder.last).toMatchObject({ firstText: 30, text: '12', done });
    expect(recorder.last?.total).toBe(50);
    expect(events).toEqual([textEvent('1'), done]);
    expect(responses[0].request).toBe(REQUEST);
    expect(changes).toBe(2);
  });

  it('takes a key as the cause of one request at most', async () => {
    recorder.handleEvent({ timeStamp: 990 } as Event);
    send();
    await flushPromises();
    expect(recorder.last?.delay).toBe(10);
    send();
    await flushPromises();
    expect(recorder.last?.delay).toBeNull();
  });

  it('records a failure and a cancellation', async () => {
    const error = {
      event: 'error',
      code: 'internal',
      message: 'No.'
    } as const;
    send();
    await flushPromises();
    await responses[0].send(error);
    expect(recorder.last?.error).toEqual(error);
    send();
    await flushPromises();
    now = 1005;
    controller.abort();
    await flushPromises();
    expect(recorder.last).toMatchObject({
      done: null,
      error: null,
      isCancelled: true,
      total: 5
    });
  });

  it('asks for what the model gets only while requests are inspected', async () => {
    recorder.isInspecting = true;
    send();
    await flushPromises();
    expect(responses[0].request.options).toEqual({
      trigger: 'automatic',
      inspect: true
    });
    recorder.isInspecting = false;
    send();
    await flushPromises();
    expect(responses[1].request).toBe(REQUEST);
  });

  it('sends the last request again without replacing another', async () => {
    await recorder.repeat();
    expect(responses).toEqual([]);
    send();
    await flushPromises();
    await responses[0].send(doneEvent('1'));
    await responses[0].disconnect();
    const repeated = recorder.repeat();
    await flushPromises();
    expect(recorder.isRepeating).toBe(true);
    void recorder.repeat();
    expect(responses).toHaveLength(2);
    expect(responses[1].request).toEqual({
      ...REQUEST,
      document: 'doc-inspected',
      options: { trigger: 'automatic', inspect: true }
    });
    await responses[1].send(doneEvent('1', { raw_text: '1 2' }));
    await responses[1].disconnect();
    await repeated;
    expect(recorder.isRepeating).toBe(false);
    expect(recorder.last?.done?.raw_text).toBe('1 2');
    expect(recorder.last?.cellsAbove).toBe(7);
  });
});
