import { IAbout } from '../protocol';
import { trans } from '../testing/fakes';
import { PrivacySection } from './privacySection';

const LOCAL: IAbout = {
  model: null,
  destination: 'local',
  address: '',
  counted: false
};

describe('PrivacySection', () => {
  it('shows nothing before it is known', () => {
    const section = new PrivacySection(trans);
    section.render(null);
    expect(section.body.textContent).toBe('');
  });

  it.each<[Partial<IAbout>, RegExp]>([
    [{}, /to a process of it, to no other machine/],
    [
      { destination: 'remote', address: 'https://llm.example' },
      /inference server at https:\/\/llm\.example/
    ],
    [
      { destination: 'hub', address: '/run/safecoder.sock' },
      /service of your JupyterHub: \/run\/safecoder\.sock/
    ]
  ])('says where text goes: %j', (fields, text) => {
    const section = new PrivacySection(trans);
    section.render({ ...LOCAL, ...fields });
    const items = section.body.querySelectorAll('li');
    expect(items[0].textContent).toMatch(text);
    expect(items[2].textContent).toMatch(/No text is stored/);
    expect(items[3].textContent).toMatch(/Nothing is reported/);
  });

  it('says what a JupyterHub counts', () => {
    const section = new PrivacySection(trans);
    section.render({ ...LOCAL, destination: 'hub', counted: true });
    expect(section.body.textContent).toMatch(/counts for your group/);
  });
});
