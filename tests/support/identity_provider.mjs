// An OpenID provider on loopback for tests: node identity_provider.mjs MODULES CLIENT ACCOUNTS
// CLIENT and ACCOUNTS are JSON. It prints its port. Each line on standard input is an origin to which it sends people
// back from now on, with a new signing key; it prints "ready" then.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [modules, client, accounts] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(modules, path)));
const { Provider } = await load('oidc-provider/lib/index.js');
const { exportJWK, generateKeyPair } = await load('jose/dist/webapi/index.js');
const people = JSON.parse(accounts);

async function make(origin, port) {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [{
      ...JSON.parse(client),
      redirect_uris: [`${origin}/sign-in/callback`],
      post_logout_redirect_uris: [`${origin}/sign-in`],
    }],
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'], groups: ['groups'] },
    cookies: { keys: ['only-for-tests'] },
    features: { rpInitiatedLogout: { enabled: true } },
    findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256' }] },
    pkce: { required: () => true },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
  });
  return provider.callback();
}

let current = (_, response) => response.writeHead(503).end();
const server = createServer((request, response) => current(request, response));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
createInterface({ input: process.stdin }).on('line', async (origin) => {
  current = await make(origin, server.address().port);
  console.log('ready');
}).on('close', () => process.exit(0));
