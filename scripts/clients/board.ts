// Signs in and reads with the client that openapi-typescript and openapi-fetch make of the document: what is read has the
// document's types, and what they do not have does not compile.
import createClient from 'openapi-fetch';
import type { components, paths } from './api.js';

// Of the forms that rows come in, this one reads JSON.
type Json = 'application/json' | 'application/problem+json';
const api = createClient<paths, Json>({ baseUrl: process.env['API'] ?? '' });

/** What was answered; a problem is thrown with what it says. */
function read<T>(answer: { data?: T; error?: components['schemas']['ProblemBody'] }): T {
  if (answer.data === undefined) throw new Error(answer.error?.detail);
  return answer.data;
}

const session = read(await api.POST('/v1/sessions', { body: { login: 'hr', password: 'showfloor-demo' } }));
api.use({
  onRequest({ request }) {
    request.headers.set('Authorization', `Bearer ${session.access_token}`);
    return request;
  },
});

const board = read(await api.GET('/v1/dashboard/leaderboard', { params: { query: { period: '2014-03', top: 2 } } }));
for (const { rank, employee_no, total, deliveries } of board) console.log(rank, employee_no, total, deliveries);

const query = { period: '2014-03', unit: 'JC', down: 0, compare: 'last-month' };
const attainment = read(await api.GET('/v1/dashboard/attainment', { params: { query } }));
for (const { unit, target, deliveries, month, last_month } of attainment) {
  console.log(unit, target, deliveries, month?.state, last_month?.was?.deliveries);
}

const { cursor } = read(await api.GET('/v1/changes'));
const changes = read(await api.GET('/v1/changes', { params: { query: { after: cursor } } }));
console.log(changes.items.length, 'changes');

const refused = await api.GET('/v1/dashboard/leaderboard', { params: { query: { period: '2014-13' } } });
console.log(refused.error?.code, refused.error?.errors?.[0]?.field);
