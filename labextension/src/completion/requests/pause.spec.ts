import { readCases } from '../../testing/cases';
import { Rhythm, adaptedPause } from './pause';

/** A case that the replay of typing in Python passes, too. */
interface IPauseCase {
  name: string;
  setting?: number;
  gaps: number[];
  ttfts: number[];
  pause: number;
}

it.each(readCases<IPauseCase>('pause'))('$name', testCase => {
  const { setting = 60, gaps, ttfts, pause } = testCase;
  expect(adaptedPause(setting, gaps, ttfts)).toBeCloseTo(pause);
});

describe('Rhythm', () => {
  let now: number;

  beforeEach(() => {
    now = 1_000_000;
    jest.spyOn(Date, 'now').mockImplementation(() => now);
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  function type(rhythm: Rhythm, gap: number, keys: number): void {
    for (let key = 0; key < keys; key++) {
      now += gap;
      rhythm.onKey();
    }
  }

  it('forgets what was long ago', () => {
    const rhythm = new Rhythm();
    type(rhythm, 100, 20);
    for (let answer = 0; answer < 20; answer++) {
      rhythm.onAnswer(100);
    }
    expect(rhythm.pause(60)).toBeCloseTo(120);
    type(rhythm, 200, 15);
    expect(rhythm.pause(60)).toBeCloseTo(60);
    for (let answer = 0; answer < 15; answer++) {
      rhythm.onAnswer(50);
    }
    expect(rhythm.pause(60)).toBeCloseTo(30);
  });

  it('follows a clock that jumps', () => {
    const rhythm = new Rhythm();
    type(rhythm, 100, 10);
    now -= 86_400_000;
    type(rhythm, 100, 10);
    rhythm.onAnswer(100);
    expect(rhythm.pause(60)).toBe(60);
    [100, 100, 100].forEach(ttft => rhythm.onAnswer(ttft));
    expect(rhythm.pause(60)).toBeCloseTo(120);
  });
});
