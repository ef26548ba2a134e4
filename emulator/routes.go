// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// route holds the handlers of one path by method.
type route map[string]http.HandlerFunc

// routeTable names paths below the mount. A segment in braces is any text; the
// handlers find it as the path value of that name.
func (e *Emulator) routeTable() map[string]route {
	table := make(map[string]route)
	for _, part := range []map[string]route{e.pageRoutes(), e.frontendRoutes(), e.backendRoutes()} {
		maps.Copy(table, part)
	}
	return table
}

// pageRoutes are for people, and for those who try things out.
func (e *Emulator) pageRoutes() map[string]route {
	get, post := http.MethodGet, http.MethodPost
	return map[string]route{
		"/":               {get: e.index},
		"/sign-in":        {get: e.showSignIn, post: e.sameOrigin(e.signIn)},
		"/sign-in/tasks":  {get: e.showTasks, post: e.sameOrigin(e.resolveTask)},
		"/sign-out":       {get: e.showSignOut, post: e.sameOrigin(e.signOut)},
		"/emulator/token": {get: e.token},
	}
}

// frontendRoutes are the Frontend API, for pages and browsers.
func (e *Emulator) frontendRoutes() map[string]route {
	get, post, patch, del := http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	return map[string]route{
		"/v1/client/handshake":                          {get: e.handshake},
		"/v1/environment":                               {get: e.fromPage(e.environment), patch: e.fromPage(e.environment)},
		"/v1/dev_browser":                               {post: e.fromPage(e.newDevBrowser)},
		"/v1/client":                                    {get: e.fromBrowser(e.getClient)},
		"/v1/client/sign_ins":                           {post: e.fromBrowser(e.createSignIn)},
		"/v1/client/sessions":                           {del: e.fromBrowser(e.removeSessions)},
		"/v1/client/sessions/{id}":                      {get: e.fromSession(e.getSession), del: e.fromSession(e.removeSession)},
		"/v1/me/organization_memberships":               {get: e.fromBrowser(e.listOwnMemberships)},
		"/v1/me/organization_invitations":               {get: e.fromBrowser(e.listOwnInvitations)},
		"/v1/me/organization_suggestions":               {get: e.fromBrowser(e.listOwnInvitations)},
		"/v1/client/sign_ins/{id}/attempt_first_factor": {post: e.fromBrowser(e.attemptFirstFactor)},
		"/v1/client/sessions/{id}/touch":                {post: e.fromSession(e.touch)},
		"/v1/client/sessions/{id}/tokens":               {post: e.fromSession(e.createToken)},
		"/v1/client/sessions/{id}/tokens/{template}":    {post: e.fromSession(e.createToken)},
		"/v1/client/sessions/{id}/remove":               {post: e.fromSession(e.removeSession)},
		"/v1/client/sessions/{id}/end":                  {post: e.fromSession(e.removeSession)},
	}
}

// backendRoutes are the Backend API, for applications.
func (e *Emulator) backendRoutes() map[string]route {
	get, post := http.MethodGet, http.MethodPost
	return map[string]route{
		"/.well-known/jwks.json":                   {get: e.publicKeys},
		"/v1/jwks":                                 {get: e.withSecretKey(e.publicKeys)},
		"/v1/clients/handshake_payload":            {get: e.withSecretKey(e.handshakePayload)},
		"/v1/sessions/{id}/refresh":                {post: e.withSecretKey(e.refreshSession)},
		"/v1/sessions/{id}/revoke":                 {post: e.withSecretKey(e.revokeSession)},
		"/v1/users":                                {get: e.withSecretKey(e.listUsers)},
		"/v1/users/count":                          {get: e.withSecretKey(e.countUsers)},
		"/v1/users/{id}":                           {get: e.withSecretKey(e.getUser)},
		"/v1/users/{id}/organization_memberships":  {get: e.withSecretKey(e.listMemberships)},
		"/v1/organizations":                        {get: e.withSecretKey(e.listOrganizations)},
		"/v1/organizations/{id}":                   {get: e.withSecretKey(e.getOrganization)},
		"/v1/organizations/{id}/memberships":       {get: e.withSecretKey(e.listMembers)},
		"/api_keys/verify":                         {post: e.withSecretKey(e.verifyMachine(apiKeys))},
		"/m2m_tokens/verify":                       {post: e.withSecretKey(e.verifyMachine(m2mTokens))},
		"/oauth_applications/access_tokens/verify": {post: e.withSecretKey(e.verifyMachine(oauthTokens))},
	}
}

// routes finds a path among those of a table.
type routes struct {
	exact    map[string]route
	patterns []pattern
}

type pattern struct {
	segments []string
	route    route
}

func newRoutes(table map[string]route) *routes {
	rs := &routes{exact: make(map[string]route)}
	for path, handlers := range table {
		if !strings.Contains(path, "{") {
			rs.exact[path] = handlers
			continue
		}
		rs.patterns = append(rs.patterns, pattern{segments: strings.Split(path, "/"), route: handlers})
	}
	return rs
}

// routeOf finds what answers a request, and tells the request the values that
// its path holds.
func (e *Emulator) routeOf(r *http.Request) (route, bool) {
	below, isBelow := strings.CutPrefix(r.URL.Path, e.mount)
	if !isBelow {
		return nil, false
	}
	if below == "" {
		below = "/"
	}
	if found, isExact := e.routes.exact[below]; isExact {
		return found, true
	}
	segments := strings.Split(below, "/")
	for _, p := range e.routes.patterns {
		if p.matches(segments) {
			p.setValues(r, segments)
			return p.route, true
		}
	}
	return nil, false
}

func variable(segment string) (string, bool) {
	name, isVariable := strings.CutPrefix(segment, "{")
	return strings.TrimSuffix(name, "}"), isVariable
}

func (p pattern) matches(segments []string) bool {
	return slices.EqualFunc(p.segments, segments, func(want, got string) bool {
		_, isVariable := variable(want)
		return isVariable || want == got
	})
}

func (p pattern) setValues(r *http.Request, segments []string) {
	for i, segment := range p.segments {
		if name, isVariable := variable(segment); isVariable {
			r.SetPathValue(name, segments[i])
		}
	}
}

// methodOf gives the method that a request stands for. Clerk's browser client
// sends GET and POST alone, so that no browser asks for leave first, and names
// others in the address of a POST.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodHead:
		return http.MethodGet
	case http.MethodPost:
		query, _ := url.ParseQuery(r.URL.RawQuery)
		if named := query.Get("_method"); named == http.MethodPatch || named == http.MethodDelete {
			return named
		}
	}
	return r.Method
}

func (rt route) methods() string {
	var methods []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
		if _, ok := rt[method]; !ok {
			continue
		}
		methods = append(methods, method)
		if method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	return strings.Join(methods, ", ")
}
