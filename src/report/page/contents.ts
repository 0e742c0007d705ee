/** Where on the page each question is answered. In a file its links stay in the file. */
import { type Html, html } from '../../page/html.ts'

/** By the id of the section, in the order of the page. */
const questions = {
  people: 'Who is better, and who runs out first?',
  burndown: 'What is left to call, and what was reset?',
  days: 'What came of the dials?',
  funnel: 'How many conversations, and how long?',
  hours: 'When are people reached?',
  attempts: 'At which attempt to stop?',
  wasted: 'Which dials were not needed?',
  lists: 'Which lists are bad?',
  queues: 'How far did queues get?',
  removals: 'Where were numbers lost, and from whom?',
  'follow-ups': 'Which numbers to look at?',
  definitions: 'What do the words mean?',
}

export const contents: Html = html`<nav class="contents" aria-label="On this page"><ul>${Object.entries(
  questions,
).map(([id, question]) => html`<li><a href="#${id}">${question}</a></li>`)}</ul></nav>`
