/**
 * Defines what browsers have and jsdom lacks. Tests that run in Node's
 * environment (`@jest-environment node`) need nothing of it.
 */
import { ReadableStream } from 'stream/web';
import { TextDecoder, TextEncoder } from 'util';

/** Observes nothing: jsdom has no layout. */
class Observer {
  disconnect(): void {}
  observe(): void {}
  unobserve(): void {}
}

if (typeof window !== 'undefined') {
  Object.assign(globalThis, {
    CSS: { escape: (text: string) => text },
    DragEvent: class DragEvent extends MouseEvent {},
    IntersectionObserver: Observer,
    ReadableStream,
    ResizeObserver: Observer,
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
}
