import { IRuntimeStatus, RuntimeState } from '../protocol';
import { runtimeStatus, trans } from '../testing/fakes';
import { IStatusView } from './tokens';
import { IStatusInput, describeStatus, tooltipOf } from './view';

function describeRuntime(
  fields: Partial<IRuntimeStatus> | null,
  input: Partial<IStatusInput> = {}
): IStatusView {
  return describeStatus(
    {
      enabled: true,
      exclusion: null,
      notice: '',
      queuePosition: 0,
      runtime: fields && runtimeStatus(fields),
      unreachable: '',
      ...input
    },
    trans
  );
}

describe('describeStatus', () => {
  it.each<[RuntimeState, string, string]>([
    ['off', 'off', 'Start'],
    ['starting', 'starting', ''],
    ['downloading', 'downloading', ''],
    ['preparing', 'preparing', ''],
    ['loading', 'loading', ''],
    ['ready', 'ready', ''],
    ['busy', 'busy', ''],
    ['failed', 'failed', 'Restart']
  ])('labels the state %s', (state, label, startLabel) => {
    const fields = { state, reason: 'Why.', remedy: 'What to do.' };
    expect(describeRuntime(fields)).toEqual({
      state,
      connectsTo: '',
      enabled: true,
      label,
      reason: 'Why.',
      remedy: 'What to do.',
      notice: '',
      model: '',
      startLabel
    });
  });

  it.each<[Partial<IStatusInput>, string]>([
    [{ isThinking: true, mode: 'manual' }, 'thinking'],
    [{ mode: 'manual' }, 'on request'],
    [{ mode: 'off' }, 'off here'],
    [{ mode: 'automatic' }, 'ready'],
    [{ enabled: false, snoozed: 61 }, 'paused 1:01'],
    [{ enabled: false, mode: 'off' }, 'off']
  ])('labels a ready runtime with %j: %s', (input, label) => {
    expect(describeRuntime({ state: 'ready' }, input).label).toBe(label);
  });

  it('explains a pause', () => {
    const view = describeRuntime({}, { enabled: false, snoozed: 9 });
    expect(view.state).toBe('off');
    expect(view.reason).toMatch(/paused completions/);
    expect(view.remedy).toMatch(/resume by themselves/);
  });

  it.each<[RuntimeState, string]>([
    ['downloading', 'downloading 42 %'],
    ['preparing', 'preparing 42 %'],
    ['loading', 'loading 42 %'],
    ['starting', 'starting'],
    ['ready', 'ready']
  ])('adds the progress to the label of %s', (state, label) => {
    expect(describeRuntime({ state, progress: 0.429 }).label).toBe(label);
  });

  it.each<[RuntimeState, string]>([
    ['ready', 'busy (position 2 in queue)'],
    ['busy', 'busy (position 2 in queue)'],
    ['failed', 'failed']
  ])('adds the queue position to the label of %s', (state, label) => {
    expect(describeRuntime({ state }, { queuePosition: 2 }).label).toBe(label);
  });

  it.each<[RuntimeState, string]>([
    ['ready', 'off here'],
    ['busy', 'off here'],
    ['loading', 'off here'],
    ['failed', 'failed'],
    ['off', 'off']
  ])('shows what excludes a cell while the runtime is %s', (state, label) => {
    const exclusion = {
      excluded: true,
      reason: 'A tag.',
      remedy: 'Remove it.'
    };
    const view = describeRuntime({ state }, { exclusion });
    expect(view.label).toBe(label);
    if (label === 'off here') {
      expect(view).toMatchObject({
        state: 'off',
        enabled: true,
        reason: 'A tag.',
        remedy: 'Remove it.'
      });
    }
  });

  it('has a reason before the first status', () => {
    expect(describeRuntime(null)).toMatchObject({
      state: 'off',
      label: 'off',
      reason: 'The status has not been requested yet.',
      startLabel: ''
    });
  });

  it.each<RuntimeState>(['ready', 'failed', 'off'])(
    'is off while completions are off and the runtime is %s',
    state => {
      const input = { enabled: false, unreachable: 'No connection.' };
      expect(describeRuntime({ state }, input)).toMatchObject({
        state: 'off',
        enabled: false,
        label: 'off',
        reason: 'You turned completions off: no request is sent.',
        startLabel: ''
      });
    }
  );

  it('shows why the server is unreachable, whatever its last status', () => {
    const input = { unreachable: 'You are not logged in.' };
    expect(describeRuntime({ state: 'failed' }, input)).toMatchObject({
      state: 'unreachable',
      label: 'no connection',
      reason: 'You are not logged in.',
      startLabel: ''
    });
  });

  it('passes the notice and the name of the model on', () => {
    const model = { name: 'smol' } as IRuntimeStatus['model'];
    expect(describeRuntime({ model }, { notice: 'Full.' })).toMatchObject({
      model: 'smol',
      notice: 'Full.'
    });
  });
});

describe('tooltipOf', () => {
  it('joins all texts', () => {
    const view = describeRuntime(
      {
        state: 'failed',
        reason: 'No memory.',
        remedy: 'Close a program.',
        model: { name: 'smol' } as IRuntimeStatus['model'],
        network: {
          denied: false,
          guarded: true,
          allowed: ['llm.example:443'],
          refused: 0
        }
      },
      { notice: 'No completion.' }
    );
    expect(tooltipOf(view, trans)).toBe(
      'SafeCoder: failed\nNo memory. Close a program.\nNo completion.\nModel: smol\nMay connect to: llm.example:443'
    );
  });

  it('leaves out empty texts', () => {
    const view = describeRuntime({ reason: 'The model is ready.' });
    expect(tooltipOf(view, trans)).toBe(
      'SafeCoder: ready\nThe model is ready.'
    );
  });
});
