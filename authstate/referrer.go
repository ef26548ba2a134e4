// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"strings"

	"github.com/nlnwa/whatwg-url/url"
)

// What is read of a Referer at most. Browsers shorten a longer one to its
// origin, and send no user information; the work on an address grows with the
// square of the signs that could end one.
const (
	maxReferrer    = 4 << 10
	maxReferrerAts = 16
)

// comesFromElsewhere tells whether a person followed a link from another
// origin that is not Clerk's. There the session may have been changed in the
// meantime: another person signed in, another organization activated.
func (q *request) comesFromElsewhere() bool {
	if q.header("Sec-Fetch-Dest") != "document" || !q.isDocument() {
		return false
	}
	referrer := q.header("Referer")
	return referrer != "" && !q.public().begins(referrer) && q.isElsewhere(referrer)
}

func (q *request) isElsewhere(referrer string) bool {
	if len(referrer) > maxReferrer || strings.Count(referrer, "@") > maxReferrerAts {
		return false
	}
	from, err := url.Parse(referrer)
	if err != nil || q.url() == nil || originOf(from) == originOf(q.url()) {
		return false
	}
	return !q.isClerks(from)
}

// isClerks tells whether an address is the instance's Frontend API or one of
// its hosted pages.
func (q *request) isClerks(u *url.Url) bool {
	host := u.Hostname()
	if api, err := url.Parse(q.frontendAPI()); err == nil && api.Hostname() == host {
		return true
	}
	if q.auth.key.InstanceType == Development && isDevelopmentPortal(host) {
		return true
	}
	return q.auth.options.ProxyURL == "" && originOf(u) == q.auth.key.accountsURL()
}

// isDevelopmentPortal tells whether a host is a hosted page of a development
// instance. Anybody can have one, so in production it says nothing.
func isDevelopmentPortal(host string) bool {
	for _, suffix := range []string{".accounts.dev", ".accountsstage.dev", ".accounts.lclclerk.com"} {
		if strings.HasSuffix(host, suffix) && !strings.HasSuffix(host, ".clerk"+suffix) {
			return true
		}
	}
	for _, suffix := range []string{".lcl.dev", ".lclstage.dev", ".lclclerk.com"} {
		if strings.HasPrefix(host, "accounts.") && strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}
