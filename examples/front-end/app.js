// The mock takes any credentials. A real page asks its own backend, which has the key pair: it must not be in a browser.
const parameters = new URLSearchParams(location.search);
const api = parameters.get('api') ?? 'http://127.0.0.1:4010';
const credentials = {
  'X-API-KEY': parameters.get('key') ?? 'any',
  'X-API-SECRET': parameters.get('secret') ?? 'any',
};
/** An answer of the mock to rehearse, such as `code=429` or `example=empty`; the real server has no such preferences. */
const prefer = parameters.get('prefer');

const form = document.querySelector('form');
const list = document.querySelector('ul');
const alert = document.querySelector('[role="alert"]');

async function ask(path, options = {}) {
  const headers = { ...credentials, ...options.headers, ...(prefer && { Prefer: prefer }) };
  const response = await fetch(api + path, { ...options, headers });
  const { data, error } = await response.json();
  if (response.ok) {
    return data;
  }
  const wait = response.headers.get('Retry-After');
  throw new Error(`${response.status}: ${error}${wait === null ? '' : ` (try again in ${wait} s)`}`);
}

async function show() {
  const { servers } = await ask('/api/mcp-servers');
  const lines = servers.map(({ name, url }) => {
    const line = document.createElement('li');
    line.textContent = `${name} (${url})`;
    return line;
  });
  list.replaceChildren(...lines);
}

/** Does something, and tells the user if it fails. */
async function attempt(action) {
  alert.textContent = '';
  try {
    await action();
  } catch (error) {
    alert.textContent = error.message;
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(async () => {
    const body = JSON.stringify(Object.fromEntries(new FormData(form)));
    await ask('/api/mcp-servers', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    form.reset();
    await show();
  });
});

attempt(show);
