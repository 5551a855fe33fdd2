import { NoSuggestionError, suggestionList } from './suggestionList';

describe('suggestionList', () => {
  it('announces with a token that more will be streamed', () => {
    expect(suggestionList('port')).toEqual({ items: [{ insertText: 'port' }] });
    expect(suggestionList('port', 'token')).toEqual({
      items: [{ insertText: 'port', isIncomplete: true, token: 'token' }]
    });
  });

  it('has no empty suggestion, which would capture the Tab key', () => {
    expect(() => suggestionList('')).toThrow(NoSuggestionError);
  });
});
