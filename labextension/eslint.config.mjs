import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Folders of src/completion; each imports only from those before it. */
const order = ['editor', 'kernel', 'context', 'requests', 'inlineCompleter'];

const oneDirection = order.map((folder, index) => ({
  files: [`src/completion/${folder}/**/*.ts`],
  ignores: ['**/*.spec.ts'],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: [
              ...order.slice(index + 1).map(later => `../${later}/*`),
              '../plugin'
            ],
            message: `Imports run one way: ${order.join(', ')}.`
          },
          ...(folder === 'inlineCompleter'
            ? []
            : [{ group: ['../provider'], message: 'The provider is above.' }])
        ]
      }
    ]
  }
}));

export default tseslint.config(
  { ignores: ['lib/**', 'node_modules/**', 'coverage/**', '**/*.js'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['src/**/*.ts'],
    languageOptions: {
      parserOptions: {
        project: 'tsconfig.json',
        tsconfigRootDir: import.meta.dirname
      }
    },
    rules: {
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'interface',
          format: ['PascalCase'],
          custom: { regex: '^I[A-Z]', match: true }
        },
        {
          selector: 'memberLike',
          modifiers: ['private'],
          format: ['camelCase'],
          leadingUnderscore: 'require'
        }
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/no-redeclare': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { args: 'none' }],
      'no-redeclare': 'off',
      'no-console': 'error',
      curly: 'error',
      eqeqeq: 'error',
      'max-lines': ['error', 400]
    }
  },
  ...oneDirection
);
