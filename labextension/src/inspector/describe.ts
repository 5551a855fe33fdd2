import { TranslationBundle } from '@jupyterlab/translation';

import { PromptSource, errorText } from '../protocol';
import { explainFinish } from './finishReasons';
import { IRequestRecord } from './recorder';

/** A section of a prompt, in texts for the user. */
export interface ISectionView {
  source: PromptSource;
  title: string;

  /** Tokens, and what did not fit. */
  details: string;
  text: string;
}

/** A fact about a request: its name and its value. */
export type Fact = readonly [name: string, value: string];

/** A request, in texts for the user. */
export interface IRequestView {
  /** What came of it. */
  outcome: string;

  /** Why there are no sections; empty if there are some. */
  missing: string;
  facts: Fact[];
  sections: ISectionView[];

  /** What the model wrote; `null` if it is not known. */
  raw: string | null;

  /** What was shown of it. */
  shown: string;
}

/**
 * Describe a request in texts for the user.
 */
export function describeRequest(
  record: IRequestRecord,
  trans: TranslationBundle
): IRequestView {
  const inspection = record.done?.inspection;
  return {
    outcome: Private.outcome(record, trans),
    missing: inspection ? '' : Private.missing(record, trans),
    facts: Private.facts(record, trans),
    sections: (inspection?.sections ?? []).map(section => ({
      source: section.source,
      title: titleOf(section.source, trans),
      details: [
        trans._n('%1 token', '%1 tokens', section.tokens),
        section.left_out &&
          trans._n('%1 left out', '%1 left out', section.left_out),
        section.cut && trans.__('%1 characters did not fit', section.cut)
      ]
        .filter(Boolean)
        .join(' · '),
      text: section.text
    })),
    raw: inspection?.raw_text ?? record.done?.raw_text ?? null,
    shown: record.done?.text ?? record.text
  };
}

/** What a section was made of. */
export function titleOf(
  source: PromptSource,
  trans: TranslationBundle
): string {
  switch (source) {
    case 'cells':
      return trans.__('Cells above');
    case 'below':
      return trans.__('Cells below');
    case 'kernel':
      return trans.__('Names in the kernel');
    case 'modules':
      return trans.__('Modules that the notebook imports');
    case 'files':
      return trans.__('Other files');
    case 'prefix':
      return trans.__('This cell before the cursor');
    case 'suffix':
      return trans.__('This cell after the cursor');
  }
}

namespace Private {
  export function outcome(
    record: IRequestRecord,
    trans: TranslationBundle
  ): string {
    if (record.error) {
      return errorText(record.error);
    }
    if (record.done) {
      return explainFinish(record.done.finish_reason, trans);
    }
    if (record.total === null) {
      return trans.__('The request is running.');
    }
    return record.isCancelled
      ? trans.__(
          'The request was cancelled: you typed something else, or left.'
        )
      : trans.__('The connection to the server was lost.');
  }

  export function missing(
    record: IRequestRecord,
    trans: TranslationBundle
  ): string {
    if (!record.done) {
      return record.total === null
        ? ''
        : trans.__('Send it again to see what the model gets.');
    }
    if (!record.request.options.inspect) {
      return trans.__(
        'The inspector was closed when the request was sent. Send it again to see what the model gets.'
      );
    }
    return record.done.prompt_tokens === 0
      ? trans.__('Nothing was sent to the model.')
      : trans.__('The administrator does not allow the inspection of prompts.');
  }

  export function facts(
    record: IRequestRecord,
    trans: TranslationBundle
  ): Fact[] {
    const { cellsAbove, delay, done, firstText, request, total } = record;
    const inspection = done?.inspection;
    const found: Array<readonly [string, string | null]> = [
      [
        trans.__('Cause'),
        request.options.trigger === 'automatic'
          ? trans.__('a keystroke')
          : trans.__('asked for by key')
      ],
      [trans.__('Model'), done?.model || null],
      [
        trans.__('Tokens sent'),
        done &&
          trans.__('%1, in the layout %2', done.prompt_tokens, done.layout)
      ],
      [trans.__('Tokens written'), done && `${done.completion_tokens}`],
      [
        trans.__('Cells above'),
        cellsAbove === null
          ? null
          : trans.__('%1 of %2 were sent', request.before.length, cellsAbove)
      ],
      [trans.__('From the key to the request'), ms(delay)],
      [trans.__('In the queue'), ms(inspection?.queue_ms)],
      [trans.__('Building the prompt'), ms(inspection?.prompt_ms)],
      [trans.__('To the first token, in the runtime'), ms(done?.ttft_ms)],
      [trans.__('All of it, in the runtime'), ms(done?.total_ms)],
      [trans.__('To the first text, in the browser'), ms(firstText)],
      [trans.__('All of it, in the browser'), ms(total)]
    ];
    return found.filter((fact): fact is Fact => fact[1] !== null);
  }

  function ms(time: number | null | undefined): string | null {
    return typeof time === 'number'
      ? `${time.toFixed(time < 10 ? 1 : 0)} ms`
      : null;
  }
}
