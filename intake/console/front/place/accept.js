/** Accepting a place: by a button, for the caller or for the incident. Nothing is ever accepted by itself. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { proposalWords } from './find.js';
import { sourceWords } from './list.js';
import { rowsOf, whoseOf } from './model.js';
import { refused } from '../told.js';
import { t } from '../words.js';

export function addPlaceCommands(panel, desk) {
  const { commands, state, open } = desk;
  const ready = () => Boolean(open.ours()) && state.get('live').status === 'live' && Boolean(chosen(panel)) && !panel.isAccepting;
  const why = () => (open.ours() ? t('place.nothing_to_accept') : t('place.take_first'));
  const add = (id, key, run, when = ready) => commands.add({ id, key, label: id.replaceAll('.', '_').replace('place_', 'place.'), area: 'place', run, when, why });
  add('place.accept', 'Alt+l', () => accept(panel, desk, preferred(panel)));
  add('place.accept_caller', undefined, () => accept(panel, desk, 'caller'));
  add('place.accept_incident', undefined, () => accept(panel, desk, 'incident'));
  add('place.find', 'Alt+g', () => panel.root.querySelector('#place-words')?.focus(), () => Boolean(panel.contact));
  add('place.pin', undefined, () => panel.pick(panel.map.centre()), () => Boolean(open.ours()));
}

/** What a button would accept: what was typed or pointed at, else the hypothesis that is marked. */
export function chosen(panel) {
  if (panel.finder.proposal) return { proposal: panel.finder.proposal };
  const one = panel.contact?.places.find((place) => place.id === panel.selected);
  return one ? { hypothesis: one } : null;
}

/** Whose the place most likely is. */
function preferred(panel) {
  const hypothesis = chosen(panel)?.hypothesis;
  return hypothesis && whoseOf(hypothesis.place) === 'incident' ? 'incident' : 'caller';
}

async function accept(panel, desk, whose) {
  const { hypothesis, proposal } = chosen(panel);
  const body = hypothesis
    ? { accept: hypothesis.id, whose }
    : { latitude: proposal.latitude, longitude: proposal.longitude, uncertainty_m: Math.max(1, proposal.radius_m), note: noteOf(proposal), whose };
  panel.isAccepting = true;
  panel.trouble = '';
  panel.draw();
  try {
    await desk.open.change(panel.subject, 'locations', body);
    panel.finder.proposal = null;
    desk.say(t(`place.said_accepted_${whose}`));
  } catch (error) {
    panel.trouble = error.status === 0 ? t('place.no_answer') : refused(error);
    desk.say(panel.trouble);
  } finally {
    panel.isAccepting = false;
    panel.changed();
  }
}

function noteOf(proposal) {
  return proposal.clue ? `typed: ${proposal.clue}`.slice(0, 200) : 'pin on the map';
}

/** The bar under the answers: what is marked, and the two buttons. */
export function acceptBar(panel, contact) {
  const { commands } = panel.desk;
  const one = chosen(panel);
  const side = preferred(panel);
  const other = side === 'caller' ? 'incident' : 'caller';
  const { marks } = rowsOf(contact);
  const done = one?.hypothesis ? (marks.get(one.hypothesis.id) ?? []).some((said) => said.current && (said.whose || side) === side) : false;
  const words = one?.proposal ? proposalWords(one.proposal) : done ? sourceWords(one.hypothesis.place) : '';
  return html`<div class="accept">
    ${words ? html`<p class="accepting">${one.proposal ? html`<strong>${t('place.not_accepted_yet')}</strong> ` : nothing}${words}${done ? html` <span class="place-mark">${t('place.is_accepted')}</span>` : nothing}
      ${one.proposal ? html`<button type="button" class="button small" @click=${() => { panel.finder.drop(); panel.drawMap(); }}>${t('place.drop')}</button>` : nothing}</p>` : nothing}
    <span class="place-line">${commands.button('place.accept', done ? '' : 'main', undefined, t(`place.accept_${side}`))}
      ${commands.button(`place.accept_${other}`, '', undefined, t(`place.or_${other}`))}</span>
    ${panel.trouble ? html`<p class="notice" role="alert">${panel.trouble}</p>` : nothing}
  </div>`;
}
