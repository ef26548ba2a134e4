// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// sessionTraces are the cookies that a session leaves in a browser. Those of a
// handshake are among them, since they bring a session back. The development
// browser's is not: it is the browser's name, whoever is signed in.
var sessionTraces = [...]int{
	plainSession, suffixedSession, plainClientUAT, suffixedClientUAT, suffixedRefresh, handshakeToken, handshakeNonce,
}

// expire gives the Set-Cookie directives that remove the traces of a session.
//
// Clerk sets some of its cookies for the host alone and others for the domain
// above, and a browser does not tell which of the two a cookie is. So each is
// removed from everywhere that this host can see it from.
func (jar *cookieJar) expire(found *cookies, at *RequestURL) []string {
	end := "; Path=/; Max-Age=0; SameSite=Lax"
	if at.Scheme == "https" {
		end += "; Secure"
	}
	domains := cookieDomains(at.Host)
	var directives []string
	for _, trace := range sessionTraces {
		if found[trace] == "" {
			continue
		}
		directive := jar[trace] + "=" + end
		directives = append(directives, directive)
		for _, domain := range domains {
			directives = append(directives, directive+"; Domain="+domain)
		}
	}
	return directives
}

// maxCookieDomains bounds the directives for a host of many labels. Real ones
// are below it.
const maxCookieDomains = 4

// cookieDomains gives the domains that a cookie of a host can be set for, from
// the one that was registered down to the host itself. Above it are public
// suffixes, for which browsers keep no cookies (RFC 6265, section 5.3).
func cookieDomains(host string) []string {
	name, _, _ := strings.Cut(strings.ToLower(host), ":")
	if !isHost(name) || isNumeric(name) {
		return nil
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return nil
	}
	domains := []string{domain}
	for domain != name && len(domains) < maxCookieDomains {
		above := name[:len(name)-len(domain)-1]
		domain = name[strings.LastIndexByte(above, '.')+1:]
		domains = append(domains, domain)
	}
	return domains
}

// isNumeric tells an address from a name: the last label of no name begins with
// a digit.
func isNumeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last != "" && '0' <= last[0] && last[0] <= '9'
}
