/** Dependencies that are ES modules, which jest has to compile. */
const esModules = [
  '@jupyter',
  '@jupyterlab',
  '@lumino',
  '@microsoft',
  '@rjsf',
  'd3-.*',
  'exenv-es6',
  'lib0',
  'nanoid',
  'vscode-ws-jsonrpc',
  'y-protocols',
  'yjs'
].join('|');

module.exports = {
  testEnvironment: 'jsdom',
  testMatch: ['<rootDir>/src/**/*.spec.ts'],
  setupFiles: ['<rootDir>/src/testing/setup.ts'],
  collectCoverageFrom: [
    'src/**/*.ts',
    '!src/**/*.spec.ts',
    '!src/testing/**',
    '!src/index.ts'
  ],
  coverageReporters: ['text-summary', 'json-summary'],
  coverageThreshold: {
    global: { branches: 97, functions: 98, lines: 99, statements: 99 }
  },
  moduleNameMapper: {
    '\\.(css|svg)$': '<rootDir>/src/testing/empty.ts'
  },
  transform: {
    '^.+\\.(ts|tsx|js|mjs)$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', tsx: false },
          target: 'es2020',
          transform: { useDefineForClassFields: false }
        }
      }
    ]
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esModules})/)`],
  testTimeout: 10000
};
