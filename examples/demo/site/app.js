// SPDX-License-Identifier: Apache-2.0

// What the page /app does with Clerk's own client, window.Clerk. The gate stands
// behind it and judges by the cookies that the client keeps.

const element = id => document.getElementById(id);

// The prebuilt sign-in takes the colours of the demo's other pages. The emulator
// signs nobody up, so there is no way to it.
const appearance = {
  variables: {
    colorPrimary: 'var(--brand)', colorPrimaryForeground: 'var(--on-brand)', colorNeutral: 'var(--text)',
    colorBackground: 'var(--card)', colorForeground: 'var(--text)', colorMutedForeground: 'var(--soft)',
    colorInput: 'var(--card)', colorInputForeground: 'var(--text)', fontFamily: 'inherit', borderRadius: '.75rem',
  },
  elements: { footer: { display: 'none' } },
};

// roleIn is what somebody is in an organization, as far as the client was told.
function roleIn(user, organization) {
  return user.organizationMemberships.find(membership => membership.organization.id === organization?.id)?.role ?? 'none';
}

function showOrganizations(user, current) {
  const choices = [{ id: '', name: 'none' }, ...user.organizationMemberships.map(membership => membership.organization)];
  element('organization').replaceChildren(...choices.map(choice => new Option(choice.name, choice.id, false, choice.id === (current?.id ?? ''))));
}

function show({ user, session, organization }) {
  element('signed-out').hidden = Boolean(user);
  element('signed-in').hidden = !user;
  if (!user) {
    element('answer').textContent = '';
    Clerk.mountSignIn(element('sign-in'), { appearance, routing: 'hash', forceRedirectUrl: '/app' });
    return;
  }
  element('name').textContent = user.fullName || user.id;
  element('user').textContent = user.id;
  element('role').textContent = roleIn(user, organization);
  element('session').textContent = session.id;
  showOrganizations(user, organization);
}

async function askTheGate() {
  const answer = await fetch('/whoami');
  element('answer').textContent = `HTTP ${answer.status}\n${await answer.text()}`;
}

async function start() {
  if (!window.Clerk || !window.__internal_ClerkUICtor) {
    element('state').hidden = true;
    element('missing').hidden = false;
    return;
  }
  await Clerk.load({ telemetry: false, ui: { ClerkUI: window.__internal_ClerkUICtor } });
  element('sign-out').onclick = () => Clerk.signOut({ redirectUrl: '/app' });
  element('organization').onchange = event => Clerk.setActive({ organization: event.target.value || null });
  element('ask').onclick = askTheGate;
  Clerk.addListener(show);
  show(Clerk);
}

start().catch(problem => { element('state').textContent = `Clerk’s client did not load: ${problem.message}`; });
