// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/nlnwa/whatwg-url/url"
)

// Satellite is an application on a domain of its own whose sessions are those
// of the primary domain
// (https://clerk.com/docs/guides/dashboard/dns-domains/satellite-domains).
type Satellite struct {
	// Domain is the host of the application, without a scheme. A production
	// instance's Frontend API is then below it. It can be left out beside a
	// ProxyURL.
	Domain string
	// AutoSync has people who have no cookies yet sent round by the primary
	// domain at their first page load. Without it, that is done when they come
	// back from signing in.
	AutoSync bool
}

// Names of the satellite protocol's query parameters, and the values of the
// first.
const (
	querySynced      = "__clerk_synced"
	querySyncedBack  = "__clerk_redirect_url"
	syncedNeeded     = "false"
	syncedCompleted  = "true"
	satelliteAPIHost = "clerk."
)

func (o *Options) checkSatellite(kind InstanceType) error {
	if o.Satellite == nil {
		return nil
	}
	if o.Satellite.Domain == "" && o.ProxyURL == "" {
		return errors.New("domain: a satellite needs it, or a proxy_url; set it to the host that the application is on")
	}
	if o.Satellite.Domain != "" && !isHost(satelliteAPIHost+o.Satellite.Domain) {
		return fmt.Errorf("domain: expected a host such as app.example.com, got %q", o.Satellite.Domain)
	}
	if kind == Development && (o.SignInURL == "" || isPath(o.SignInURL)) {
		return fmt.Errorf("sign_in_url: a satellite of a development instance needs the absolute address of the primary domain's sign-in page, got %q", o.SignInURL)
	}
	return nil
}

// frontendAPIHost is the host of the Frontend API: a satellite in production
// has one of its own.
func (a *Authenticator) frontendAPIHost() string {
	if s := a.options.Satellite; s != nil && s.Domain != "" && a.key.InstanceType == Production {
		return satelliteAPIHost + s.Domain
	}
	return a.key.FrontendAPI
}

// syncs decides a request that has to do with satellites; nil when it is to be
// decided like any other.
func (q *request) syncs() *State {
	if q.auth.options.Satellite != nil {
		return q.syncsSatellite()
	}
	if q.auth.key.InstanceType == Development {
		return q.answersSatellite()
	}
	return nil
}

// syncsSatellite has a page load learn of the session on the primary domain.
func (q *request) syncsSatellite() *State {
	if q.http.Method != http.MethodGet || q.header("Sec-Fetch-Dest") != "document" || isUpgrade(q.http) {
		return nil
	}
	synced := q.parameter(querySynced)
	hasCookies := q.sessionCookie() != "" || q.clientUAT() != 0
	switch {
	case synced == syncedCompleted:
		return nil
	case hasCookies && synced != syncedNeeded:
		return nil
	case !q.auth.options.Satellite.AutoSync && synced != syncedNeeded:
		return q.signedOut(ReasonSessionTokenAndUATMissing, "")
	case q.auth.key.InstanceType == Production:
		return q.handshake(ReasonSatelliteNeedsSyncing, "")
	}
	return q.redirect(ReasonSatelliteNeedsSyncing, "", q.primaryURL)
}

// primaryURL is where a satellite of a development instance is told of the
// session: the primary domain's sign-in page, which comes straight back.
func (q *request) primaryURL(string) (string, error) {
	if q.url() == nil {
		return "", errAddress
	}
	page, err := url.Parse(q.auth.options.SignInURL)
	if err != nil {
		return "", fmt.Errorf("building the primary domain's address: %w", err)
	}
	setParameters(page, append(parseParameters(page.Query()), parameter{querySyncedBack, q.url().Href(false)}))
	return page.Href(false), nil
}

// answersSatellite sends a satellite's page load back to it with the
// development browser's token. Anybody can make a link that asks for that, and
// whoever has the token is that browser to Clerk, so it goes to loopback and to
// the origins that tokens may be made for, and nowhere else.
func (q *request) answersSatellite() *State {
	back := q.parameter(querySyncedBack)
	if back == "" {
		return nil
	}
	satellite, err := url.Parse(back)
	if err != nil || !q.auth.mayBeSatellite(satellite) {
		q.auth.warn(&q.auth.satelliteWarning, "a satellite that is not known asked for the session; "+
			"if it is yours, add its origin to authorized_parties", "origin", boundedOrigin(satellite, err))
		return nil
	}
	return q.redirect(ReasonPrimaryRespondsToSyncing, "", func(string) (string, error) {
		query := parseParameters(satellite.Query())
		if browser := q.devBrowser(); browser != "" {
			query = append(query, parameter{cookieDevBrowser, browser})
		}
		setParameters(satellite, query.with(querySynced, syncedCompleted))
		return satellite.Href(false), nil
	})
}

func (a *Authenticator) mayBeSatellite(u *url.Url) bool {
	if u.Scheme() != "http" && u.Scheme() != "https" || u.Username() != "" || u.Password() != "" {
		return false
	}
	return isLoopback(u.Hostname()) || slices.Contains(a.want.AuthorizedParties, originOf(u))
}

// boundedOrigin is an address for the log, without what it may hold.
func boundedOrigin(u *url.Url, err error) string {
	if err != nil || len(u.Host()) > maxHost {
		return "unreadable"
	}
	return originOf(u)
}
