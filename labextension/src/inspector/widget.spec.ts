import { MessageLoop } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { PROTOCOL_VERSION } from '../protocol';
import { doneEvent, trans } from '../testing/fakes';
import { IRequestRecord, RequestRecorder } from './recorder';
import { InspectorWidget } from './widget';

const HOSTILE = '<img src=x onerror=alert(1)>';

function record(raw: string): IRequestRecord {
  return {
    request: {
      version: PROTOCOL_VERSION,
      document: 'doc',
      path: 'a.ipynb',
      language: 'python',
      before: [],
      prefix: HOSTILE,
      suffix: '',
      options: { trigger: 'explicit', inspect: true }
    },
    cellsAbove: 0,
    delay: 1,
    firstText: 1,
    total: 1,
    isCancelled: false,
    text: '1',
    done: doneEvent('1', {
      inspection: {
        sections: [
          { source: 'cells', text: 'a', tokens: 1, cut: 0, left_out: 0 },
          { source: 'prefix', text: HOSTILE, tokens: 9, cut: 0, left_out: 0 }
        ],
        raw_text: raw,
        queue_ms: 0,
        prompt_ms: 0
      }
    }),
    error: null
  };
}

describe('InspectorWidget', () => {
  let recorder: {
    changed: Signal<object, void>;
    isInspecting: boolean;
    isRepeating: boolean;
    last: IRequestRecord | null;
    repeat: jest.Mock;
  };
  let widget: InspectorWidget;

  const button = (): HTMLButtonElement => widget.node.querySelector('button')!;

  function emit(): void {
    recorder.changed.emit();
    jest.advanceTimersByTime(300);
    MessageLoop.flush();
  }

  beforeEach(() => {
    jest.useFakeTimers();
    recorder = {
      changed: new Signal({}),
      isInspecting: false,
      isRepeating: false,
      last: null,
      repeat: jest.fn()
    };
    widget = new InspectorWidget(recorder as unknown as RequestRecorder, trans);
    Widget.attach(widget, document.body);
  });

  afterEach(() => {
    widget.dispose();
    jest.useRealTimers();
  });

  it('shows that there was no request', () => {
    expect(widget.node.textContent).toContain('There was no request');
    expect(button().disabled).toBe(true);
  });

  it('shows the sections of the last request as text', () => {
    recorder.last = record('1 2');
    emit();
    const sections = [...widget.node.querySelectorAll('details')];
    expect(sections.map(node => node.dataset.source)).toEqual([
      'cells',
      'prefix'
    ]);
    expect(sections[1].querySelector('pre')!.textContent).toBe(HOSTILE);
    expect(widget.node.querySelector('img')).toBeNull();
    const answers = [...widget.node.querySelectorAll('.jp-SafeCoder-answer')];
    expect(answers.map(node => node.textContent)).toEqual([
      'What the model wrote1 2',
      'What was shown after rules and filters1'
    ]);
    expect(button().disabled).toBe(false);
  });

  it('shows an answer once that nothing has changed', () => {
    recorder.last = record('1');
    emit();
    const answers = widget.node.querySelectorAll('.jp-SafeCoder-answer');
    expect(answers).toHaveLength(1);
    expect(answers[0].textContent).toContain('as the model wrote it');
  });

  it('draws nothing while requests follow each other', () => {
    recorder.last = record('1');
    for (let i = 0; i < 5; i++) {
      recorder.changed.emit();
      jest.advanceTimersByTime(200);
      MessageLoop.flush();
      expect(widget.node.querySelector('details')).toBeNull();
    }
    jest.advanceTimersByTime(100);
    MessageLoop.flush();
    expect(widget.node.querySelector('details')).not.toBeNull();
  });

  it('inspects requests while it can be seen', () => {
    expect(recorder.isInspecting).toBe(true);
    widget.hide();
    expect(recorder.isInspecting).toBe(false);
    recorder.last = record('1');
    emit();
    expect(widget.node.querySelector('details')).toBeNull();
    widget.show();
    MessageLoop.flush();
    expect(recorder.isInspecting).toBe(true);
    expect(widget.node.querySelector('details')).not.toBeNull();
    Widget.detach(widget);
    expect(recorder.isInspecting).toBe(false);
  });

  it('sends the last request again', () => {
    recorder.last = record('1');
    emit();
    button().click();
    expect(recorder.repeat).toHaveBeenCalledTimes(1);
    recorder.isRepeating = true;
    emit();
    expect(button().disabled).toBe(true);
  });

  it('takes the focus, and is gone once it is closed', () => {
    widget.activate();
    MessageLoop.flush();
    expect(document.activeElement).toBe(widget.node);
    widget.close();
    expect(widget.isDisposed).toBe(true);
    expect(recorder.isInspecting).toBe(false);
  });
});
