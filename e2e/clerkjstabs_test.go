// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"slices"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// twoTabsTwoOrganizations has a page activate an organization by its address while
// another tab, which nobody looks at, renews the token for another one.
func twoTabsTwoOrganizations(t *testing.T, v *visit) {
	v.openApp(t, v.app)
	if got := v.signIn(t, alice, emulator.Password); got != "complete" {
		t.Fatalf("expected alice to be signed in, got %s", got)
	}
	v.activate(t, globex)
	v.app.await(t, "the client to say which organization is active", `document.cookie.includes(':`+globex+`')`)
	// A headless browser looks at all its tabs.
	evaluate[bool](t, v.app, `document.hasFocus = () => false, true`)

	arrive(t, v.other, "/orgs/acme", v.handshakeRedirects())
	v.other.await(t, "the tab without the client to lose its organization",
		`(await (await fetch('/whoami')).json()).org_slug === 'globex'`)

	arrive(t, v.other, "/orgs/acme", v.handshakeRedirects())
	v.openApp(t, v.other)
	got := evaluate[[]string](t, v.other, `(async () => {
		const tokens = new Set(), slugs = new Set();
		while (tokens.size < 3) {
			slugs.add((await (await fetch('/whoami')).json()).org_slug);
			tokens.add(/__session=([^;]*)/.exec(document.cookie)[1]);
			await new Promise(resume => setTimeout(resume, 250));
		}
		return [...slugs];
	})()`)
	if !slices.Equal(got, []string{"acme"}) {
		t.Errorf("expected the tab with the client to stay in acme, got %q", got)
	}
}
