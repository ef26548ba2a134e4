// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/url"
	"testing"
)

func TestTouchActivatesAnOrganization(t *testing.T) {
	both(t, func(t *testing.T, e *Emulator, _ *clock) {
		for _, who := range []struct {
			name  string
			roles map[string]any // by organization
		}{
			{"alice", map[string]any{"org_acme": "admin", "org_globex": "member"}},
			{"bob", map[string]any{"org_acme": "member", "org_globex": "admin"}},
			{"carol", nil},
			{"new@example.com", nil},
		} {
			p := openPage(t, e)
			session := p.signIn(who.name)
			active, hasHome := "", who.roles["org_acme"] != nil
			if hasHome {
				active = "org_acme"
			}
			for _, wanted := range []string{"org_globex", "org_acme", "org_initech", "", "org_globex", "../org_acme", ""} {
				r := p.post("/client/sessions/"+session+"/touch", url.Values{"active_organization_id": {wanted}, "intent": {"select_org"}})
				if wanted != "" && who.roles[wanted] == nil {
					if r.StatusCode != 404 || r.code() != "resource_not_found" || len(r.Cookies()) != 0 {
						t.Errorf("%s, %q: status %d, %s", who.name, wanted, r.StatusCode, r.code())
					}
				} else {
					active = wanted
				}
				if r := p.post("/client/sessions/"+session+"/touch", url.Values{"intent": {"focus"}}); r.at("response.id") != session || r.at("response.status") != "active" {
					t.Errorf("%s: body %v", who.name, r.body)
				}
				expectActive(t, p, session, active, who.roles[active])
			}
		}
	})
}

// expectActive looks for the active organization wherever there is one to see.
func expectActive(t *testing.T, p *page, session, organization string, role any) {
	t.Helper()
	r := p.get("/client/sessions/" + session)
	want := any(organization)
	if organization == "" {
		want = nil
	}
	if got := r.at("response.last_active_organization_id"); got != want {
		t.Errorf("the session's organization is %v, want %v", got, want)
	}
	browser := p.devBrowser
	if p.e.production {
		browser = p.cookies["__client"]
	}
	redirect := site + "/?a"
	for name, token := range map[string]any{
		"session":   r.at("response.last_active_token.jwt"),
		"tokens":    p.post("/client/sessions/"+session+"/tokens", nil).body["jwt"],
		"handshake": lastSession(payload(t, p.e, shake(p.e, browser, "nonce", redirect), redirect)),
	} {
		o, _ := p.claims(token)["o"].(map[string]any)
		if o["id"] != want || o["rol"] != role {
			t.Errorf("%s: the token's organization is %v, want %v as %v", name, o, want, role)
		}
	}
}

// An application's address can ask for an organization that is not the session's.
func TestHandshakeSwitchesBetweenOrganizations(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	p := openPage(t, e)
	session := p.signIn("alice")
	redirect := site + "/?a"
	for _, step := range []struct{ wanted, want string }{
		{"globex", "org_globex"}, {"initech", "org_globex"}, {"org_acme", "org_acme"}, {"", ""}, {"org_globex", "org_globex"},
	} {
		payload(t, e, shake(e, p.devBrowser, "nonce", redirect, "organization_id", step.wanted), redirect)
		expectActive(t, p, session, step.want, map[string]any{"org_globex": "member", "org_acme": "admin"}[step.want])
	}
}

func TestTouchEndsThePendingState(t *testing.T) {
	both(t, func(t *testing.T, e *Emulator, _ *clock) {
		p := openPage(t, e)
		session := p.signIn("dave")
		touch := func(organization string) reply {
			return p.post("/client/sessions/"+session+"/touch", url.Values{"active_organization_id": {organization}})
		}
		for _, organization := range []string{"", "org_globex", "org_initech"} {
			touch(organization)
			r := p.post("/client/sessions/"+session+"/tokens", url.Values{"organization_id": {"org_acme"}})
			if claims := p.claims(r.body["jwt"]); claims["sts"] != "pending" || claims["o"] != nil {
				t.Errorf("%q: claims %v", organization, claims)
			}
			if r := p.get("/client"); r.at("response.sessions.0.status") != "pending" || r.at("response.sessions.0.tasks.0.key") != "choose-organization" {
				t.Errorf("%q: client %v", organization, r.body)
			}
		}
		r := touch("org_acme")
		if claims := p.claims(r.at("response.last_active_token.jwt")); r.at("response.status") != "active" || r.at("response.tasks") != nil || claims["sts"] != "active" {
			t.Errorf("body %v", r.body)
		}
		expectActive(t, p, session, "org_acme", "member")
	})
}

func TestOwnMemberships(t *testing.T) {
	both(t, func(t *testing.T, e *Emulator, _ *clock) {
		p := openPage(t, e)
		path := "/me/organization_memberships?paginated=true"
		if r := p.get(path); r.StatusCode != 401 {
			t.Errorf("signed out: status %d", r.StatusCode)
		}
		alice := p.signIn("alice")
		p.signIn("bob")
		stranger := openPage(t, e).signIn("dave")
		for _, step := range []struct {
			query, role string
			total, here int
			status      int
		}{
			{"", "org:member", 2, 2, 200},
			{"&_clerk_session_id=" + alice, "org:admin", 2, 2, 200},
			{"&limit=1&offset=1", "org:admin", 2, 1, 200},
			{"&limit=0", "", 0, 0, 422},
			{"&_clerk_session_id=" + stranger, "", 0, 0, 401},
		} {
			r := p.get(path + step.query)
			if r.StatusCode != step.status {
				t.Errorf("%s: status %d, want %d", step.query, r.StatusCode, step.status)
				continue
			}
			if r.StatusCode != 200 {
				continue
			}
			if list, _ := r.at("response.data").([]any); len(list) != step.here || r.at("response.total_count") != float64(step.total) || r.at("response.data.0.role") != step.role {
				t.Errorf("%s: body %v", step.query, r.at("response"))
			}
		}
		for _, path := range []string{"/me/organization_invitations", "/me/organization_suggestions"} {
			if list, isList := p.get(path).at("response.data").([]any); !isList || len(list) != 0 {
				t.Errorf("%s is no empty list", path)
			}
		}
	})
}
