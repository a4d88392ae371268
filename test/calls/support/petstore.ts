import { type Answering, answering, answeringJson } from './service.ts';

type Thing = Readonly<Record<string, unknown>>;
/** The key, and the token, without which nothing is answered that demands one, and nothing that demands none. */
export const KEY = 'petstore-special-key';

/** The service of the petstore document, in memory, below `/api/v3`: it knows the document, and nothing of tools. */
export function petstore(): Answering {
  const pets = new Map<string, Thing>();
  const orders = new Map<string, Thing>();
  const users = new Map<string, Thing>();
  const json = (value: unknown): Answering => answeringJson(JSON.stringify(value));
  const found = (thing: Thing | undefined): Answering =>
    thing === undefined ? answeringJson('{"code":1,"message":"not found"}', 404) : json(thing);
  const keep = (things: Map<string, Thing>, key: string, body: Buffer): Answering => {
    const thing = JSON.parse(body.toString()) as Thing;
    things.set(String(thing[key]), thing);
    return json(thing);
  };

  const answerOf = (route: string, id: string, query: URLSearchParams, body: Buffer): Answering => {
    const all = [...pets.values()];
    switch (route) {
      case 'POST /pet':
      case 'PUT /pet':
        return keep(pets, 'id', body);
      case 'GET /pet/findByStatus':
        return json(all.filter(({ status }) => status === query.get('status')));
      case 'GET /pet/findByTags':
        return json(
          all.filter(({ tags }) =>
            (tags as { name: string }[]).some(({ name }) => query.getAll('tags').includes(name)),
          ),
        );
      case 'GET /pet/*':
        return found(pets.get(id));
      case 'POST /pet/*':
        return keep(pets, 'id', Buffer.from(JSON.stringify({ ...pets.get(id), ...Object.fromEntries(query) })));
      case 'DELETE /pet/*':
        return pets.delete(id) ? answering(200, {}) : found(undefined);
      case 'POST /pet/*/uploadImage':
        return json({ code: body.length, type: query.get('additionalMetadata'), message: body.toString('hex') });
      case 'GET /store/inventory':
        return json(
          Object.fromEntries(
            [...Map.groupBy(all, ({ status }) => status)].map(([status, some]) => [status, some.length]),
          ),
        );
      case 'POST /store/order':
        return keep(orders, 'id', body);
      case 'GET /store/order/*':
        return found(orders.get(id));
      case 'DELETE /store/order/*':
        return orders.delete(id) ? answering(200, {}) : found(undefined);
      case 'POST /user':
        return keep(users, 'username', body);
      case 'POST /user/createWithList': {
        const [first] = JSON.parse(body.toString()) as Thing[];
        return keep(users, 'username', Buffer.from(JSON.stringify(first)));
      }
      case 'GET /user/login':
        return users.get(query.get('username') ?? '')?.password === query.get('password')
          ? json(`logged in: ${query.get('username')}`)
          : answering(400, { 'content-type': 'text/plain' }, 'Invalid username/password supplied');
      case 'GET /user/logout':
        return answering(200, {});
      case 'GET /user/*':
        return found(users.get(id));
      case 'PUT /user/*':
        users.delete(id);
        keep(users, 'username', body);
        return answering(200, {});
      case 'DELETE /user/*':
        return users.delete(id) ? answering(200, {}) : found(undefined);
      default:
        return answering(501, {});
    }
  };

  return (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://petstore.test');
    const [, , , kind, ...rest] = pathname.split('/');
    const [id = ''] = rest.map(decodeURIComponent).slice(kind === 'store' ? 1 : 0);
    const known = /^(findBy|inventory|create|login|logout)/;
    const last = rest.map((segment, index) =>
      index === (kind === 'store' ? 1 : 0) && !known.test(segment) ? '*' : segment,
    );
    const route = `${request.method} ${['', kind, ...last].join('/')}`;
    const { api_key: key, authorization } = request.headers;
    const demanded =
      route === 'GET /store/inventory' || route === 'GET /pet/*'
        ? key === KEY && authorization === undefined
        : kind === 'pet'
          ? key !== KEY && authorization === `Bearer ${KEY}`
          : key === undefined && authorization === undefined;
    const answer =
      demanded && pathname.startsWith('/api/v3/')
        ? answerOf(route, id, searchParams, request.body)
        : answering(401, {});
    return answer(request, response);
  };
}
