import { IAbout, IPlace } from '../protocol';
import { trans } from '../testing/fakes';
import { PrivacySection } from './privacySection';

const LOCAL: IAbout = {
  model: null,
  destination: 'local',
  address: '',
  counted: false
};

const PLACE: IPlace = {
  id: 'safecoder.remote',
  process: 'runtime',
  sends: 'Prompts.',
  to: '',
  state: 'No server is set.',
  safe: true,
  change: 'Set remote_url.'
};
const NEWS: Partial<IPlace> = {
  id: 'jupyterlab.news',
  sends: 'A request.',
  to: 'https://feed.example',
  state: 'On.',
  safe: false,
  change: 'Set news_url.'
};

describe('PrivacySection', () => {
  it('shows nothing before it is known', () => {
    const section = new PrivacySection(trans);
    section.render(null, null);
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
    section.render({ ...LOCAL, ...fields }, null);
    const items = section.body.querySelectorAll('li');
    expect(items[0].textContent).toMatch(text);
    expect(items[2].textContent).toMatch(/No text is stored/);
    expect(items[3].textContent).toMatch(/Nothing is reported/);
  });

  it('says what a JupyterHub counts', () => {
    const section = new PrivacySection(trans);
    section.render({ ...LOCAL, destination: 'hub', counted: true }, null);
    expect(section.body.textContent).toMatch(/counts for your group/);
  });

  it('shows what sends to another machine, and the other places below', () => {
    const section = new PrivacySection(trans);
    section.render(LOCAL, [PLACE, { ...PLACE, ...NEWS }]);
    const [leaving, others] = Array.from(section.body.querySelectorAll('dl'));
    expect(leaving.textContent).toBe(
      'jupyterlab.newsOn. (https://feed.example) A request. Set news_url.'
    );
    expect(others.textContent).toBe('safecoder.remoteNo server is set.');
    const details = section.body.querySelector('details')!;
    expect(details.open).toBe(false);
    expect(details.querySelector('summary')!.textContent).toBe(
      'Places that data could go to: 2, other machines: 1'
    );
    expect(details.contains(leaving)).toBe(false);
  });

  it('shows a summary alone where nothing sends', () => {
    const section = new PrivacySection(trans);
    section.render(LOCAL, [PLACE]);
    expect(section.body.querySelectorAll('dl')).toHaveLength(1);
    expect(section.body.textContent).not.toMatch(/What sends to another/);
  });
});
