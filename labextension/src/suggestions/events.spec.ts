import { suggestionEvent } from '../testing/fakes';
import { SuggestionEvents } from './events';

describe('SuggestionEvents', () => {
  it('counts an event before it passes it on', () => {
    const events = new SuggestionEvents();
    const seen: unknown[] = [];
    events.emitted.connect((_, event) => {
      seen.push([event.event, events.figures.shown]);
    });
    events.emit(suggestionEvent());
    events.emit(suggestionEvent({ event: 'dismissed' }));
    expect(seen).toEqual([
      ['shown', 1],
      ['dismissed', 1]
    ]);
  });
});
