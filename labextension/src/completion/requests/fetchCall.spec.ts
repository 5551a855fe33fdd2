import {
  doneEvent,
  flushPromises,
  textEvent,
  trans
} from '../../testing/fakes';
import { FakeResponse } from '../../testing/fakes';
import { EMPTY_PROJECT } from '../context/context';
import { CompletionStream } from './completionStream';
import { FetchCall } from './fetchCall';
import { ICompletionTarget, ICursorState } from '../editor/target';
import { cutWindow } from '../editor/window';

describe('FetchCall', () => {
  let call: FetchCall;
  let response: FakeResponse;
  let state: ICursorState | null;
  let stream: CompletionStream;

  function createCall(): FetchCall {
    const target = {
      readCursor: () => state
    } as ICompletionTarget;
    const context = {
      ...EMPTY_PROJECT,
      before: [],
      below: [],
      fingerprint: ''
    };
    const window = cutWindow(state!.text, state!.cursor);
    return new FetchCall(target, context, window, 'key', false);
  }

  beforeEach(async () => {
    state = { text: 'im + 1', cursor: 2 };
    call = createCall();
    stream = new CompletionStream({
      key: 'key',
      request: {
        version: 2,
        document: 'doc',
        path: '',
        language: 'python',
        before: [],
        ...call.window,
        options: { trigger: 'automatic' }
      },
      trans,
      transport: (request, signal) => {
        response = new FakeResponse(request, signal);
        return response.events();
      }
    });
    await response.send(textEvent('port'));
  });

  afterEach(() => stream.abort());

  it('has a token of its own', () => {
    expect(createCall().token).not.toBe(call.token);
  });

  it('is current until the cursor or the text changes', () => {
    expect(call.isCurrent()).toBe(true);
    state = { text: 'im + 2', cursor: 2 };
    expect(call.isCurrent()).toBe(false);
    state = { text: 'im + 1', cursor: 1 };
    expect(call.isCurrent()).toBe(false);
    state = { text: 'im + 1', cursor: 2 };
    call.cancel();
    expect(call.isCurrent()).toBe(false);
  });

  it('reads the remainder at the cursor as it is now', () => {
    expect(call.remainder(stream)).toBe('port');
    state = { text: 'impo + 1', cursor: 4 };
    expect(call.remainder(stream)).toBe('rt');
  });

  it.each<[string, ICursorState | null]>([
    ['other text was typed', { text: 'imx + 1', cursor: 3 }],
    ['the suffix has changed', { text: 'impo + 2', cursor: 4 }],
    ['the user has left the editor', null]
  ])('has no remainder once %s', (_, newState) => {
    state = newState;
    expect(call.remainder(stream)).toBeNull();
  });

  it('has no remainder once it is cancelled', () => {
    call.cancel();
    expect(call.signal.aborted).toBe(true);
    expect(call.remainder(stream)).toBeNull();
  });

  describe('nextUpdate', () => {
    let onUpdate: jest.Mock;

    beforeEach(() => {
      onUpdate = jest.fn();
    });

    it.each<[string, () => Promise<void>]>([
      ['the text changes', () => response.send(textEvent('port os'))],
      ['the text is final', () => response.send(doneEvent('port'))],
      ['the connection is lost', () => response.disconnect()],
      ['the stream is aborted', async () => stream.abort()],
      ['the call is cancelled', async () => call.cancel()]
    ])('resolves when %s', async (_, update) => {
      void call.nextUpdate(stream).then(onUpdate);
      await flushPromises();
      expect(onUpdate).not.toHaveBeenCalled();
      await update();
      await flushPromises();
      expect(onUpdate).toHaveBeenCalledTimes(1);
    });

    it.each<[string, () => void]>([
      ['the stream is settled', () => stream.abort()],
      ['the call is cancelled', () => call.cancel()]
    ])('resolves at once if %s', async (_, act) => {
      act();
      void call.nextUpdate(stream).then(onUpdate);
      await flushPromises();
      expect(onUpdate).toHaveBeenCalledTimes(1);
    });
  });
});
