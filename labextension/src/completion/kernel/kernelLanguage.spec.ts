import { isPython, kernelLanguage } from './kernelLanguage';

describe('kernelLanguage', () => {
  it.each([
    ['python without metadata', undefined, undefined, 'python'],
    ['a name', { name: 'R' }, { language: 'x' }, 'r'],
    ['the language of the kernelspec', {}, { language: 'R', name: 'ir' }, 'r'],
    ['the name of the kernelspec', {}, { name: 'ir' }, 'ir'],
    [
      'the name alone where the others have it',
      { name: 'python', file_extension: '.py', pygments_lexer: 'ipython3' },
      {},
      'python'
    ],
    [
      'all names of a language that has another one',
      {
        name: 'pyspark',
        file_extension: '.py',
        pygments_lexer: 'python3',
        codemirror_mode: { name: 'python', version: 3 },
        mimetype: 'text/x-python'
      },
      { language: 'PySpark' },
      'pyspark,.py,python3,python,text/x-python'
    ],
    ['a mode that is a text', { codemirror_mode: 'Julia' }, null, 'julia'],
    ['no commas in a name', { name: 'a,b' }, undefined, 'a b'],
    ['only texts', { name: 5, file_extension: '' }, 'r', 'python'],
    ['the start of a long name', { name: 'a'.repeat(99) }, {}, 'a'.repeat(64)],
    [
      'the names that there is room for',
      {
        name: 'team-kernel',
        pygments_lexer: 'l'.repeat(60),
        mimetype: 'text/x-r'
      },
      {},
      'team-kernel,text/x-r'
    ]
  ])('has %s', (_, info, spec, expected) => {
    expect(kernelLanguage(info, spec)).toBe(expected);
  });
});

describe('isPython', () => {
  it.each([
    ['python', true],
    ['ipython3', true],
    ['pyspark,.py,python3', true],
    ['r', false],
    ['xonsh,.xsh', false]
  ])('%s: %s', (language, expected) => {
    expect(isPython(language)).toBe(expected);
  });
});
