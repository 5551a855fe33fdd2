import { CompletionEvent, IAttribution } from '../protocol';
import { MAX_COMPLETIONS, SuggestionSources } from './sources';

const TEXT = '𝄞 = compute(values)\nresult = frobnicate(𝄞, 17)';

function source(start: number, end: number): IAttribution {
  return {
    source: 'numpy',
    path: 'core/x.py',
    license: 'BSD-3-Clause',
    start,
    end,
    kind: 'verbatim'
  };
}

async function receive(
  sources: SuggestionSources,
  text: string,
  attribution?: IAttribution[]
): Promise<CompletionEvent[]> {
  const sent = [
    { event: 'text', text: 'x', tokens: 1 },
    { event: 'done', text, attribution }
  ] as CompletionEvent[];
  const transport = sources.wrap(async function* () {
    yield* sent;
  });
  const received: CompletionEvent[] = [];
  for await (const event of transport({} as never, {} as never)) {
    received.push(event);
  }
  expect(received).toEqual(sent);
  return received;
}

describe('SuggestionSources', () => {
  let sources: SuggestionSources;

  beforeEach(() => {
    sources = new SuggestionSources();
  });

  it('knows the sources of a completion and of its rest', async () => {
    const changed = jest.fn();
    sources.changed.connect(changed);
    await receive(sources, TEXT, [source(0, 40)]);
    expect(sources.of(TEXT)).toEqual([source(0, 40)]);
    expect(sources.of(TEXT.slice(5))).toEqual([source(0, 40)]);
    expect(changed).not.toHaveBeenCalled();
  });

  it('remembers what was shown', () => {
    const changed = jest.fn();
    sources.changed.connect(changed);
    sources.onShown([source(0, 40)]);
    sources.onShown([source(0, 40)]);
    expect(sources.last).toEqual([source(0, 40)]);
    expect(changed).toHaveBeenCalledTimes(1);
  });

  it('forgets a source of what was typed', async () => {
    await receive(sources, TEXT, [source(0, 19), source(20, 44)]);
    const rest = TEXT.slice(TEXT.indexOf('\n') + 1);
    expect(sources.of(rest)).toEqual([source(20, 44)]);
    expect(sources.of(`\n${rest}`)).toEqual([source(20, 44)]);
    expect(sources.of(`)\n${rest}`)).toHaveLength(2);
  });

  it('knows nothing of other suggestions', async () => {
    await receive(sources, TEXT, [source(0, 40)]);
    await receive(sources, 'y = 2');
    expect(sources.of('y = 2')).toEqual([]);
    expect(sources.of('17)')).toEqual([]);
    expect(sources.last).toEqual([]);
  });

  it('remembers a limited number', async () => {
    for (let number = 0; number <= MAX_COMPLETIONS; number++) {
      await receive(sources, `${TEXT}${number}`, [source(0, 40)]);
    }
    expect(sources.of(`${TEXT}0`)).toEqual([]);
    expect(sources.of(`${TEXT}1`)).toHaveLength(1);
  });
});
