/**
 * Defines what browsers have and jsdom lacks.
 */
import { TextDecoder, TextEncoder } from 'util';
import { ReadableStream } from 'stream/web';

Object.assign(globalThis, {
  CSS: { escape: (text: string) => text },
  DragEvent: class DragEvent extends MouseEvent {},
  ReadableStream,
  ResizeObserver: class {
    disconnect(): void {}
    observe(): void {}
    unobserve(): void {}
  },
  TextDecoder,
  TextEncoder,
  matchMedia: () => ({
    matches: false,
    addListener: () => undefined,
    addEventListener: () => undefined
  })
});

Object.defineProperty(navigator, 'clipboard', { value: {} });

document.adoptedStyleSheets ??= [];
