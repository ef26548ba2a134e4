// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// organizations has page loads activate organizations.
func organizations(o *Options) {
	o.OrganizationPatterns = []string{"/orgs/:slug", "/orgs/:slug/(.*)", "/by-id/:id"}
	o.PersonalAccountPatterns = []string{"/me", "/me/(.*)"}
}

// member signs a session token with an active organization.
func (k *kit) member(changes ...object) string {
	return k.session(append([]object{{"org_id": "org_1", "org_slug": "acme", "org_role": "org:admin"}}, changes...)...)
}

func TestAPageLoadActivatesTheOrganizationOfItsAddress(t *testing.T) {
	for _, test := range []struct {
		name, target string
		member       bool
		activates    string
		status       Status
	}{
		{"its own", "/orgs/acme", true, "", SignedIn},
		{"its own, below", "/orgs/acme/settings/x", true, "", SignedIn},
		{"its own, with a slash", "/orgs/acme/", true, "", SignedIn},
		{"its own, by ID", "/by-id/org_1", true, "", SignedIn},
		{"another", "/orgs/umbrella", true, "umbrella", Handshake},
		{"another, below", "/orgs/umbrella/x?a=1", true, "umbrella", Handshake},
		{"another, by ID", "/by-id/org_2", true, "org_2", Handshake},
		{"in another case", "/ORGS/ACME", true, "ACME", Handshake},
		{"an escaped one", "/orgs/a%26__session%3Dx", true, "a%26__session%3Dx", Handshake},
		{"an ID where a slug is", "/orgs/org_1", true, "org_1", Handshake},
		{"one, from the personal account", "/orgs/acme", false, "acme", Handshake},
		{"the personal account", "/me", true, "", Handshake},
		{"the personal account, from it", "/me/x", false, "", SignedIn},
		{"no organization's", "/", true, "", SignedIn},
		{"none, nearly", "/orgs", true, "", SignedIn},
		{"none, in the query", "/?x=/orgs/umbrella", true, "", SignedIn},
		{"none, after dots", "/orgs/umbrella/../..", true, "", SignedIn},
		{"another, after dots", "/x/../orgs/umbrella", true, "umbrella", Handshake},
	} {
		bothInstances(t, func(t *testing.T, k *kit, devBrowser string) {
			k = newKit(t, k.auth.options.PublishableKey, organizations)
			session := k.session()
			if test.member {
				session = k.member()
			}
			s := k.auth.Authenticate(document(t, test.target, "__session="+session, "__client_uat=1", devBrowser))
			if test.status == SignedIn {
				expect(t, s, SignedIn, "")
				return
			}
			expect(t, s, Handshake, ReasonActiveOrganizationMismatch)
			if got := query(t, s.Location, queryOrganization); got != test.activates || strings.Count(s.Location, queryOrganization) != 1 {
				t.Errorf("%s: activates %q", test.name, got)
			}
			if query(t, s.Location, cookieSession) != session || len(s.Cookies) != 1 || !isCounter(s.Cookies[0]) {
				t.Errorf("%s: to %s, with %q", test.name, s.Location, s.Cookies)
			}
		})
	}
}

func TestWhoCannotBeRedirectedStaysAsTheyAre(t *testing.T) {
	k := newKit(t, liveKey, organizations)
	cookies := "Cookie: __client_uat=1; __session=" + k.member()
	for _, lines := range [][]string{
		{"POST /orgs/umbrella", "Sec-Fetch-Dest: document", cookies},
		{"GET /orgs/umbrella", "Sec-Fetch-Dest: empty", cookies},
		{"GET /orgs/umbrella", "Accept: application/json", cookies},
		{"GET /orgs/umbrella", "Sec-Fetch-Dest: document", "Upgrade: websocket", cookies},
		{"GET /orgs/umbrella", "Sec-Fetch-Dest: document", "Authorization: Bearer " + k.member()},
		{"GET /orgs/umbrella", "Sec-Fetch-Dest: document", cookies + "; __clerk_redirect_count=3"},
		{"GET /orgs/umbrella", "Sec-Fetch-Dest: document", cookies + "; __clerk_redirect_count=4"},
		{"GET /orgs/umbrella", "Sec-Fetch-Dest: document", cookies + "; __clerk_redirect_count=Infinity"},
		{"GET /orgs/umbrella/" + strings.Repeat("a", 17<<10), "Sec-Fetch-Dest: document", cookies},
	} {
		s := k.auth.Authenticate(read(t, lines[0], lines[1:]...))
		expect(t, s, SignedIn, "")
		if s.Loop || len(s.Cookies) > 0 {
			t.Errorf("%.40q: %+v", lines, s)
		}
	}
}

func TestASessionWithoutAPersonActivatesNothing(t *testing.T) {
	k := newKit(t, liveKey, organizations)
	for name, change := range map[string]object{"pending": {"sts": "pending"}, "nobody's": {"sub": ""}} {
		t.Run(name, func(t *testing.T) {
			s := k.auth.Authenticate(document(t, "/orgs/umbrella", "__session="+k.member(change), "__client_uat=1"))
			expect(t, s, SignedIn, "")
		})
	}
}

func TestEveryHandshakeActivatesTheOrganizationOfItsAddress(t *testing.T) {
	k := newKit(t, liveKey, organizations)
	for target, want := range map[string]string{"/orgs/umbrella": "&organization_id=umbrella", "/me": "&organization_id=", "/": ""} {
		s := k.auth.Authenticate(document(t, target, "__client_uat=1"))
		expect(t, s, Handshake, ReasonClientUATWithoutSessionToken)
		if !strings.HasSuffix(s.Location, want) || strings.Contains(s.Location, queryOrganization) != (want != "") {
			t.Errorf("%s: to %s", target, s.Location)
		}
	}
}

func TestAReturnedHandshakeIsNotSentForAnOrganizationAgain(t *testing.T) {
	k := newKit(t, liveKey, organizations)
	s := k.auth.Authenticate(document(t, "/orgs/umbrella", "__clerk_handshake="+k.handshake(directivesOf(k.member())...)))
	expect(t, s, SignedIn, "")
}

func TestWhenAnOrganizationDiffers(t *testing.T) {
	active := &verifier.Organization{ID: "org_1", Slug: "acme"}
	for _, test := range []struct {
		target organizationTarget
		active *verifier.Organization
		want   bool
	}{
		{organizationTarget{personal: true}, nil, false},
		{organizationTarget{personal: true}, active, true},
		{organizationTarget{id: "org_1"}, active, false},
		{organizationTarget{id: "acme"}, active, true},
		{organizationTarget{id: "org_1"}, nil, true},
		{organizationTarget{slug: "acme"}, active, false},
		{organizationTarget{slug: "Acme"}, active, true},
		{organizationTarget{slug: "acme"}, nil, true},
	} {
		if got := test.target.differs(test.active); got != test.want {
			t.Errorf("%+v from %+v: %t", test.target, test.active, got)
		}
	}
}
