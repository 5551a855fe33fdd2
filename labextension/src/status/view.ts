import { IRuntimeStatus } from '../protocol';
import { IStatusView } from './tokens';

/** All that a view is made from. */
export interface IStatusFacts {
  /** Whether the person wants completions. */
  enabled: boolean;

  /** The last word of the server; `null` before the first. */
  runtime: IRuntimeStatus | null;

  /** Why the server could not be asked; empty if it could. */
  unreachable: string;

  /** The place in the queue of our own request; 0 if it does not wait. */
  place: number;

  /** What came of the last request, where that needs saying. */
  notice: string;
}

/**
 * Put the state into words.
 */
export function describeStatus(facts: IStatusFacts): IStatusView {
  const { enabled, runtime, unreachable, notice } = facts;
  const view: IStatusView = {
    state: runtime?.state ?? 'off',
    enabled,
    label: '',
    reason: runtime?.reason ?? 'The server has not been asked yet.',
    remedy: runtime?.remedy ?? '',
    notice,
    model: runtime?.model?.name ?? '',
    startLabel: ''
  };
  if (!enabled) {
    view.state = 'off';
    view.reason = 'You turned completions off: no request is sent.';
    view.remedy = 'Turn completions on to use them again.';
  } else if (unreachable) {
    view.state = 'unreachable';
    view.reason = unreachable;
    view.remedy = 'It is tried again by itself.';
  } else if (runtime?.state === 'off') {
    view.startLabel = 'Start';
  } else if (runtime?.state === 'failed') {
    view.startLabel = 'Restart';
  }
  view.label = labelOf(view, facts);
  return view;
}

/**
 * A view in one paragraph, for a tooltip.
 */
export function tooltipOf(view: IStatusView): string {
  return [
    `SafeCoder: ${view.label}`,
    [view.reason, view.remedy].filter(Boolean).join(' '),
    view.notice,
    view.model && `Model: ${view.model}`
  ]
    .filter(Boolean)
    .join('\n');
}

function labelOf(view: IStatusView, facts: IStatusFacts): string {
  const progress = facts.runtime?.progress ?? null;
  switch (view.state) {
    case 'downloading':
    case 'preparing':
    case 'loading':
      return progress === null
        ? view.state
        : `${view.state} ${Math.floor(progress * 100)} %`;
    case 'ready':
    case 'busy':
      return facts.place > 0
        ? `busy (${ordinal(facts.place)} in queue)`
        : view.state;
    case 'unreachable':
      return 'no connection';
    default:
      return view.state;
  }
}

function ordinal(n: number): string {
  const teen = n % 100 >= 11 && n % 100 <= 13;
  const suffix = teen ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th');
  return `${n}${suffix}`;
}
