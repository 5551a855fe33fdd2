// Runs in the page before Lab: the times of keys, of visible suggestions and of requests.
(() => {
  const ghost =
    '.jp-GhostText:not(.jp-GhostText-lineSpacer, .jp-GhostText-letterSpacer)';
  const modifiers = ['Alt', 'AltGraph', 'Control', 'Meta', 'Shift'];
  const probe = { keys: [], requests: [] };
  window.safecoderProbe = probe;
  let watched = null;
  let hasFrame = false;

  // In the first frame with the suggestion that belongs to the text after the key.
  const onFrame = () => {
    hasFrame = false;
    if (!watched) {
      return;
    }
    const node = watched.isApplied && document.querySelector(ghost);
    if (node && node.textContent.trim() !== '') {
      watched.ghost = performance.now();
      watched = null;
      return;
    }
    askForFrame();
  };
  const askForFrame = () => {
    if (!hasFrame) {
      hasFrame = true;
      requestAnimationFrame(onFrame);
    }
  };

  window.addEventListener(
    'keydown',
    event => {
      if (modifiers.includes(event.key)) {
        return;
      }
      const isText = event.key.length === 1 && !event.altKey && !event.ctrlKey;
      // The editor changes the text of a character after this event, that of other keys in it.
      watched = { at: event.timeStamp, ghost: null, isApplied: !isText };
      probe.keys.push(watched);
      askForFrame();
    },
    true
  );
  window.addEventListener(
    'input',
    () => {
      if (watched) {
        watched.isApplied = true;
      }
    },
    true
  );

  const fetch = window.fetch;
  window.fetch = (input, init) => {
    const url = typeof input === 'string' ? input : (input.url ?? String(input));
    if (url.includes('/jupyter-safecoder/completions')) {
      probe.requests.push(performance.now());
    }
    return fetch.call(window, input, init);
  };

  // What a typist sees: the text before the cursor, and the suggestion.
  probe.read = () => {
    const editor = window.jupyterapp.shell.currentWidget.content.activeCell.editor;
    const text = editor.model.sharedModel.getSource();
    const offset = editor.getOffsetAt(editor.getCursorPosition());
    return {
      before: text.slice(0, offset),
      ghost: document.querySelector(ghost)?.innerText ?? ''
    };
  };
})();
