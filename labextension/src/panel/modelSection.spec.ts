import { IAbout, IModelInfo } from '../protocol';
import { ISafeCoderStatus } from '../status/tokens';
import { trans } from '../testing/fakes';
import { ModelSection } from './modelSection';

const MODEL: IModelInfo = {
  name: 'safecoder-smol-135m',
  family: 'starcoder',
  layouts: ['psm', 'spm'],
  default_layout: 'spm',
  context_window: 8192,
  languages: ['python'],
  license: 'Apache-2.0'
};
const ABOUT: IAbout = {
  model: {
    name: MODEL.name,
    purpose: 'Small and fast',
    parameters: 135e6,
    license: 'MIT',
    exact_match: 0.4126,
    edit_similarity: 0.7,
    tasks: 500
  },
  destination: 'local',
  address: '',
  counted: false
};

describe('ModelSection', () => {
  let section: ModelSection;
  let status: { engine: string; model: IModelInfo | null };

  function facts(about: IAbout | null): { [name: string]: string } {
    section.render(about);
    const terms = Array.from(section.body.querySelectorAll('dt'));
    return Object.fromEntries(
      terms.map(term => [
        term.textContent,
        term.nextElementSibling?.textContent
      ])
    );
  }

  beforeEach(() => {
    status = { engine: 'openvino, CPU', model: MODEL };
    section = new ModelSection(
      {
        adapters: null,
        models: null,
        isSwitching: false,
        get engine() {
          return status.engine;
        },
        get model() {
          return status.model;
        }
      } as unknown as ISafeCoderStatus,
      trans
    );
  });

  it('shows what the runtime and the catalogue know', () => {
    expect(facts(ABOUT)).toEqual({
      Name: 'safecoder-smol-135m',
      Purpose: 'Small and fast',
      Family: 'starcoder',
      License: 'Apache-2.0',
      Parameters: '135 million',
      'Context window': '8,192 tokens',
      Layouts: 'psm, spm (default)',
      Languages: 'python',
      Quality: '41 % of hidden line ends in notebooks filled in exactly',
      Engine: 'openvino, CPU'
    });
  });

  it.each([
    [1.54e9, '1.5 billion'],
    [7e9, '7 billion']
  ])('shows %d weights', (parameters, text) => {
    const model = { ...ABOUT.model!, parameters, exact_match: null };
    const shown = facts({ ...ABOUT, model });
    expect(shown['Parameters']).toBe(text);
    expect(shown['Quality']).toBeUndefined();
  });

  it('shows what the runtime knows of a model that is not in the catalogue', () => {
    status.model = { ...MODEL, license: '' };
    const names = Object.keys(facts({ ...ABOUT, model: null }));
    expect(names).not.toContain('License');
    expect(names).toContain('Family');
    expect(facts(ABOUT)['License']).toBe('MIT');
  });

  it('says that there is no model', () => {
    status.model = null;
    section.render(null);
    expect(section.body.textContent).toBe('No model is loaded.');
  });
});
