import { IInspection, PROTOCOL_VERSION, PromptSource } from '../protocol';
import { doneEvent, trans } from '../testing/fakes';
import { describeRequest, titleOf } from './describe';
import { IRequestRecord } from './recorder';

const SOURCES: PromptSource[] = [
  'cells',
  'below',
  'kernel',
  'modules',
  'files',
  'prefix',
  'suffix'
];

const INSPECTION: IInspection = {
  sections: [
    { source: 'cells', text: 'a\n', tokens: 1, cut: 1200, left_out: 3 },
    { source: 'prefix', text: 'x = ', tokens: 2, cut: 0, left_out: 0 }
  ],
  raw_text: '1\n\n\ny',
  queue_ms: 0.123,
  prompt_ms: 4.56
};

function record(fields: Partial<IRequestRecord> = {}): IRequestRecord {
  return {
    request: {
      version: PROTOCOL_VERSION,
      document: 'doc',
      path: 'a.ipynb',
      language: 'python',
      before: [{ type: 'code', source: 'a' }],
      prefix: 'x = ',
      suffix: '',
      options: { trigger: 'automatic', inspect: true }
    },
    cellsAbove: 4,
    delay: 62.4,
    firstText: 31,
    total: 55.5,
    isCancelled: false,
    text: '1',
    done: doneEvent('1', { finish_reason: 'line', inspection: INSPECTION }),
    error: null,
    ...fields
  };
}

describe('describeRequest', () => {
  it('describes the sections, the times and the answer', () => {
    expect(describeRequest(record(), trans)).toEqual({
      outcome: 'The line was complete, and one line was asked for.',
      missing: '',
      facts: [
        ['Cause', 'a keystroke'],
        ['Model', 'scripted'],
        ['Tokens sent', '3, in the layout spm'],
        ['Tokens written', '2'],
        ['Cells above', '1 of 4 were sent'],
        ['From the key to the request', '62 ms'],
        ['In the queue', '0.1 ms'],
        ['Building the prompt', '4.6 ms'],
        ['To the first token, in the runtime', '13 ms'],
        ['All of it, in the runtime', '20 ms'],
        ['To the first text, in the browser', '31 ms'],
        ['All of it, in the browser', '56 ms']
      ],
      sections: [
        {
          source: 'cells',
          title: 'Cells above',
          details: '1 token · 3 left out · 1200 characters did not fit',
          text: 'a\n'
        },
        {
          source: 'prefix',
          title: 'This cell before the cursor',
          details: '2 tokens',
          text: 'x = '
        }
      ],
      raw: '1\n\n\ny',
      shown: '1'
    });
  });

  it.each<[string, Partial<IRequestRecord>, string, string]>([
    ['runs', { done: null, total: null }, 'The request is running.', ''],
    [
      'was cancelled',
      { done: null, isCancelled: true },
      'The request was cancelled: you typed something else, or left.',
      'Send it again to see what the model gets.'
    ],
    [
      'lost its connection',
      { done: null },
      'The connection to the server was lost.',
      'Send it again to see what the model gets.'
    ],
    [
      'failed',
      {
        done: null,
        error: {
          event: 'error',
          code: 'queue_full',
          message: 'The queue is full.',
          remedy: 'Wait.'
        }
      },
      'The queue is full. Wait.',
      'Send it again to see what the model gets.'
    ],
    [
      'is not allowed to be inspected',
      { done: doneEvent('1') },
      'The model had written all that it wanted to.',
      'The administrator does not allow the inspection of prompts.'
    ],
    [
      'never reached the model',
      { done: doneEvent('', { finish_reason: 'excluded', prompt_tokens: 0 }) },
      'This document or its text is excluded.',
      'Nothing was sent to the model.'
    ]
  ])('describes a request that %s', (_, fields, outcome, missing) => {
    const view = describeRequest(record(fields), trans);
    expect([view.outcome, view.missing]).toEqual([outcome, missing]);
    expect(view.sections).toEqual([]);
  });

  it('says how to see a prompt that was not inspected', () => {
    const { request } = record();
    const closed = { ...request, options: { trigger: 'explicit' as const } };
    const view = describeRequest(
      record({
        request: closed,
        cellsAbove: null,
        delay: null,
        done: doneEvent('1', { raw_text: '1 2', ttft_ms: null, model: '' })
      }),
      trans
    );
    expect(view.missing).toContain('Send it again');
    expect(view.raw).toBe('1 2');
    const names = view.facts.map(([name]) => name);
    expect(view.facts[0]).toEqual(['Cause', 'asked for by key']);
    for (const name of ['Model', 'Cells above', 'In the queue']) {
      expect(names).not.toContain(name);
    }
  });

  it('shows what has come of a cancelled request', () => {
    expect(describeRequest(record({ done: null }), trans)).toMatchObject({
      raw: null,
      shown: '1'
    });
  });
});

describe('titleOf', () => {
  it('names each source', () => {
    const titles = SOURCES.map(source => titleOf(source, trans));
    expect(new Set(titles).size).toBe(SOURCES.length);
  });
});
