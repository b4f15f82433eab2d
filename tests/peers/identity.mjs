// An OpenID-certified provider (npm oidc-provider) at the Microsoft identity platform's paths, over TLS.
//
//   node identity.mjs FOLDER      FOLDER holds server.pem and server.key; prints the address it listens on
//
// /peer/… is the tests' back door: what the token endpoint was asked, settings, and the end of somebody's consents.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { json, text } from 'node:stream/consumers';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Provider } from 'oidc-provider';

const TENANT = '11111111-2222-3333-4444-555555555555';
const HOME = `/${TENANT}`;
const AUTHORIZE = '/oauth2/v2.0/authorize';
const TOKEN = '/oauth2/v2.0/token';
const DISCOVERY = '/.well-known/openid-configuration';
const SMTP_SEND = 'https://outlook.office.com/SMTP.Send';
const SETTINGS = { access_token_seconds: 3600, roles: [], redirect_uris: [], withheld: [], answers: [] };

const settings = structuredClone(SETTINGS);
const grants = new Map(); // id → account
let calls = [];

const folder = process.argv[2];
const server = createServer({ key: readFileSync(`${folder}/server.key`), cert: readFileSync(`${folder}/server.pem`) });
server.listen(0, '127.0.0.1', () => {
  const base = `https://localhost:${server.address().port}`;
  const provider = build(base + HOME);
  const answer = provider.callback();
  server.on('request', (request, response) => route(provider, answer, request, response));
  console.log(`listening on ${base}`);
});

function build(issuer) {
  const provider = new Provider(issuer, configuration());
  const listed = provider.Client.prototype.redirectUriAllowed;
  provider.Client.prototype.redirectUriAllowed = function redirectUriAllowed(uri) {
    return listed.call(this, uri) || settings.redirect_uris.includes(uri);
  };
  provider.use(observe);
  return provider;
}

function configuration() {
  return {
    clients: clients(),
    jwks: { keys: [signingKey()] },
    cookies: { keys: [randomUUID()] },
    scopes: ['openid', 'profile', 'email', 'offline_access', SMTP_SEND],
    claims: { openid: ['sub', 'oid', 'tid'], profile: ['name', 'preferred_username'], email: ['email'] },
    conformIdTokenClaims: false, // Microsoft puts the profile into the id token, not behind userinfo
    findAccount: (ctx, id) => ({ accountId: id, claims: () => person(id) }),
    pkce: { required: () => true },
    rotateRefreshToken: true,
    // By itself a consent would end with the browser's session when offline_access was not asked for.
    expiresWithSession: () => false,
    ttl: {
      AccessToken: () => settings.access_token_seconds,
      ClientCredentials: () => settings.access_token_seconds,
      AuthorizationCode: 600,
      IdToken: 3600,
      Interaction: 600,
      Session: 86400,
      Grant: 86400,
      RefreshToken: 86400,
    },
    extraTokenClaims: (ctx, token) => (token.kind === 'ClientCredentials' ? appClaims(token) : { username: token.accountId }),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (ctx, client) => client.clientId === 'mta' },
      resourceIndicators: { enabled: true, defaultResource, getResourceServerInfo },
    },
    routes: {
      authorization: AUTHORIZE,
      token: TOKEN,
      jwks: '/discovery/v2.0/keys',
      introspection: '/oauth2/v2.0/introspect',
      userinfo: '/oidc/userinfo',
      end_session: '/oauth2/v2.0/logout',
    },
  };
}

function clients() {
  const signsPeopleIn = { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] };
  const signsNobodyIn = { grant_types: [], response_types: [], redirect_uris: [] };
  return [
    {
      client_id: 'ms-public',
      application_type: 'native', // a loopback address then fits with any port
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://localhost', 'http://localhost/', 'http://127.0.0.1', 'http://127.0.0.1/'],
      ...signsPeopleIn,
    },
    {
      client_id: 'ms-conf',
      client_secret: 'ms-conf-secret',
      token_endpoint_auth_method: 'client_secret_post',
      redirect_uris: ['https://app.example.test/mail/oauth/callback'],
      ...signsPeopleIn,
    },
    {
      client_id: 'graph-daemon',
      client_secret: 'graph-secret',
      token_endpoint_auth_method: 'client_secret_post',
      ...signsNobodyIn,
      grant_types: ['client_credentials'],
    },
    { client_id: 'mta', client_secret: 'mta-secret', token_endpoint_auth_method: 'client_secret_basic', ...signsNobodyIn },
  ];
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'tests' };
}

const person = (id) => ({ sub: id, oid: id, tid: TENANT, name: id, preferred_username: id, email: id });
const appClaims = (token) => ({ roles: settings.roles, tid: TENANT, appid: token.clientId, idtyp: 'app' });

// An app asks for `https://host/.default` and gets a JWT for that host; people get opaque tokens, which can be introspected.
function defaultResource(ctx) {
  const { grant_type: grantType, scope } = ctx.oidc.params;
  return grantType === 'client_credentials' ? scope?.replace(/\/\.default$/, '') : undefined;
}

function getResourceServerInfo(ctx, resource) {
  return { scope: `${resource}/.default`, audience: resource, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } };
}

// Notes each call of the token endpoint, and gives the answers that a test has put in front of the provider's own.
async function observe(ctx, next) {
  if (ctx.path !== TOKEN) return next();
  const scripted = settings.answers.shift();
  let asked;
  if (scripted) {
    asked = Object.fromEntries(new URLSearchParams(await text(ctx.req)));
    ctx.set(scripted.headers);
    ctx.status = scripted.status;
    ctx.body = scripted.body;
  } else {
    await next();
    asked = ctx.oidc?.body ?? {};
    const grant = ctx.oidc?.entities.Grant;
    if (grant) grants.set(grant.jti, grant.accountId);
  }
  calls.push({
    grant_type: asked.grant_type ?? '',
    client_id: asked.client_id ?? ctx.oidc?.client?.clientId ?? '',
    status: ctx.status,
    error: ctx.body?.error ?? '',
  });
  return undefined;
}

function route(provider, answer, request, response) {
  const url = new URL(request.url, provider.issuer);
  if (url.pathname.startsWith('/peer/')) return backDoor(provider, url.pathname, request, response);
  if (!url.pathname.startsWith(`${HOME}/`)) return refuseTenant(response);
  if (url.pathname === HOME + AUTHORIZE) asMicrosoftReadsIt(url.searchParams);
  const path = (url.pathname.slice(HOME.length) + url.search).replace(`/v2.0${DISCOVERY}`, DISCOVERY);
  // The provider takes the difference between the two for the path that it is mounted at.
  request.originalUrl = HOME + path;
  request.url = path;
  // The provider's own pages fetch a font from another host; nothing may wait for that here.
  response.setHeader('Content-Security-Policy', "style-src 'unsafe-inline'");
  return answer(request, response);
}

// Microsoft knows select_account, and gives a refresh token for offline_access whatever the prompt; this provider wants consent.
function asMicrosoftReadsIt(query) {
  const scopes = new Set((query.get('scope') ?? '').split(' '));
  const prompts = new Set((query.get('prompt') ?? '').split(' '));
  if (prompts.delete('select_account')) prompts.add('login');
  if (scopes.has('offline_access')) prompts.add('consent');
  settings.withheld.forEach((scope) => scopes.delete(scope));
  query.set('scope', [...scopes].join(' '));
  query.set('prompt', [...prompts].join(' ').trim());
  if (!query.get('prompt')) query.delete('prompt');
}

function refuseTenant(response) {
  response.writeHead(400, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ error: 'invalid_tenant', error_description: 'AADSTS90002: Tenant not found.' }));
}

async function backDoor(provider, path, request, response) {
  const work = { '/peer/log': () => calls, '/peer/reset': reset, '/peer/settings': change, '/peer/revoke': revoke }[path];
  const given = request.method === 'POST' ? await json(request) : {};
  response.writeHead(work ? 200 : 404, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(work ? (await work(given, provider)) ?? {} : {}));
}

function reset(given) {
  calls = [];
  Object.assign(settings, structuredClone(SETTINGS), given);
}

function change(given) {
  Object.assign(settings, given);
}

async function revoke({ account }, provider) {
  const ids = [...grants.keys()].filter((id) => grants.get(id) === account);
  await Promise.all(ids.map(async (id) => (await provider.Grant.find(id))?.destroy()));
  ids.forEach((id) => grants.delete(id));
  return { revoked: ids.length };
}
