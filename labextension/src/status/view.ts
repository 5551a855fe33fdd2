import { TranslationBundle } from '@jupyterlab/translation';

import { IExclusion, IRuntimeStatus } from '../protocol';
import { SuggestionMode } from './modes';
import { countdown } from './snooze';
import { IStatusView } from './tokens';

/** Everything that determines a view. */
export interface IStatusInput {
  /** Whether the user has turned completions on. */
  enabled: boolean;

  /** Why nothing is completed where the user is; `null`: it is. */
  exclusion: IExclusion | null;

  /** The last status from the server; `null` before the first. */
  runtime: IRuntimeStatus | null;

  /** Why the last status request failed; empty if it succeeded. */
  unreachable: string;

  /** The queue position of our own request; 0 if it does not wait. */
  queuePosition: number;

  /** The outcome of the last request, if the user should know it. */
  notice: string;

  /** Seconds until a pause ends. */
  snoozed?: number;

  /** Whether our own request has been running for a moment. */
  isThinking?: boolean;

  /** When suggestions come in the document that the user is in. */
  mode?: SuggestionMode;
}

/**
 * Describe the state in texts for the user.
 *
 * @param input - The state.
 * @param trans - Translates the texts that are ours; reason and remedy of the
 * runtime come from the server as they are.
 */
export function describeStatus(
  input: IStatusInput,
  trans: TranslationBundle
): IStatusView {
  const { enabled, exclusion, runtime, unreachable, notice } = input;
  const view: IStatusView = {
    state: runtime?.state ?? 'off',
    enabled,
    label: '',
    reason:
      runtime?.reason ?? trans.__('The status has not been requested yet.'),
    remedy: runtime?.remedy ?? '',
    notice,
    model: runtime?.model?.name ?? '',
    connectsTo: runtime?.network?.allowed.join(', ') ?? '',
    startLabel: ''
  };
  if (input.snoozed) {
    view.state = 'off';
    view.reason = trans.__('You paused completions: no request is sent.');
    view.remedy = trans.__(
      'They resume by themselves, or when you resume them.'
    );
  } else if (!enabled) {
    view.state = 'off';
    view.reason = trans.__('You turned completions off: no request is sent.');
    view.remedy = trans.__('Turn completions on to use them again.');
  } else if (unreachable) {
    view.state = 'unreachable';
    view.reason = unreachable;
    view.remedy = trans.__('The connection is retried automatically.');
  } else if (runtime?.state === 'off') {
    view.startLabel = trans.__('Start');
  } else if (runtime?.state === 'failed') {
    view.startLabel = trans.__('Restart');
  } else if (exclusion) {
    view.state = 'off';
    view.label = trans.__('off here');
    view.reason = exclusion.reason;
    view.remedy = exclusion.remedy;
    return view;
  }
  view.label = labelOf(view.state, input, trans);
  return view;
}

/**
 * All texts of a view in one paragraph, for a tooltip.
 */
export function tooltipOf(view: IStatusView, trans: TranslationBundle): string {
  return [
    trans.__('SafeCoder: %1', view.label),
    [view.reason, view.remedy].filter(Boolean).join(' '),
    view.notice,
    view.model && trans.__('Model: %1', view.model),
    view.connectsTo && trans.__('May connect to: %1', view.connectsTo)
  ]
    .filter(Boolean)
    .join('\n');
}

/** The state in a few words, with the progress or the queue position. */
function labelOf(
  state: IStatusView['state'],
  input: IStatusInput,
  trans: TranslationBundle
): string {
  const progress = input.runtime?.progress ?? null;
  const percent = progress === null ? null : Math.floor(progress * 100);
  if (input.snoozed) {
    return trans.__('paused %1', countdown(input.snoozed));
  }
  switch (state) {
    case 'off':
      return trans.__('off');
    case 'starting':
      return trans.__('starting');
    case 'downloading':
      return percent === null
        ? trans.__('downloading')
        : trans.__('downloading %1 %', percent);
    case 'preparing':
      return percent === null
        ? trans.__('preparing')
        : trans.__('preparing %1 %', percent);
    case 'loading':
      return percent === null
        ? trans.__('loading')
        : trans.__('loading %1 %', percent);
    case 'failed':
      return trans.__('failed');
    case 'unreachable':
      return trans.__('no connection');
    case 'ready':
    case 'busy':
      if (input.queuePosition > 0) {
        return trans.__('busy (position %1 in queue)', input.queuePosition);
      }
      return input.isThinking
        ? trans.__('thinking')
        : input.mode === 'off'
          ? trans.__('off here')
          : input.mode === 'manual'
            ? trans.__('on request')
            : state === 'ready'
              ? trans.__('ready')
              : trans.__('busy');
  }
}
