// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"regexp"
	"slices"
	"strings"
)

// legacyDifference is one thing that package legacy does otherwise than the
// reference on purpose. docs/legacy.md lists them. As with the other protocol,
// what is expected instead is what the reference makes of a changed case, and
// that changed again.
type legacyDifference struct {
	name    string
	reason  string
	applies func(*legacyCase) bool
	before  func(*legacyCase)
	after   func(*legacyCase, *legacyRecord)
}

// legacyDifferences lists them all. The changes to cases are made in this
// order.
var legacyDifferences = []legacyDifference{
	tokensDiffer("malformed", "A token of three parts that cannot be read is invalid; the reference calls it an internal error."),
	tokensDiffer("base64url", "Base64url is read as RFC 7515 has it, so that a token has one spelling; the reference ignores padding, or calls it an internal error."),
	tokensDiffer("size", "A token of more than 16 KiB is refused unread; the reference has no limit."),
	tokensDiffer("class", "A machine's token, and one of a JWT template, is no session token; the reference takes all that the instance has signed."),
	tokensDiffer("header", "Type, algorithm and critical extensions are checked (RFC 7515); the reference does not look at the header."),
	tokensDiffer("subject", "A token must say whom it is about; the reference signs nobody in."),
	tokensDiffer("claim-types", "An expiry is required, and time claims are numbers; the reference lets anything else pass."),
	tokensDiffer("issued-at", "A token from the future is early; the reference does not look at when it was issued."),
	tokensDiffer("issuer", "The issuer is the instance's own; the reference takes any that begins with https://clerk, refuses today's development instances, and throws unless it is text."),
	tokensDiffer("authorized-party", "Where parties are listed, a token must name one; the reference lets a token without pass."),
	tokensDiffer("order", "Who may issue a token and for whom is checked before times, so that a token which is never good causes no interstitial; the reference has it the other way round."),
	{
		name:    "forwarded-headers",
		reason:  "Forwarded headers count from trusted proxies only; the reference believes them from anybody.",
		applies: func(c *legacyCase) bool { return !c.Trusted && slices.ContainsFunc(c.Headers, isForwarded) },
		before:  func(c *legacyCase) { c.Headers = slices.DeleteFunc(slices.Clone(c.Headers), isForwarded) },
	},
	{
		name:    "forwarded-port",
		reason:  "A forwarded host has its port, and X-Forwarded-Port is not looked at; the reference puts it in the place of the host's.",
		applies: func(c *legacyCase) bool { return c.Trusted && c.header("X-Forwarded-Port") != "" },
		before:  func(c *legacyCase) { c.setHeader("X-Forwarded-Port", "") },
	},
	{
		name:    "default-port",
		reason:  "The default port is that of the scheme; the reference takes the host's to be that of https.",
		applies: func(c *legacyCase) bool { _, host := c.address(); return defaultPort.MatchString(host) },
		before: func(c *legacyCase) {
			scheme, host := c.address()
			c.Host = withoutPort(scheme, host)
			c.setHeader("X-Forwarded-Host", "")
			if scheme == "http" {
				c.Host = strings.Replace(c.Host, ":443", ":444", 1)
				c.setHeader("Origin", strings.ReplaceAll(c.origin(), ":443", ":444"))
				c.setHeader("Referer", strings.ReplaceAll(c.header("Referer"), ":443", ":444"))
			}
		},
	},
	{
		name:    "scheme",
		reason:  "Origins are the same only when their schemes are; the reference compares one that was forwarded, but with a colon too many, and no other.",
		applies: func(c *legacyCase) bool { return c.origin() != "" || c.header("Referer") != "" },
		before: func(c *legacyCase) {
			scheme, _ := c.address()
			c.setHeader("X-Forwarded-Proto", scheme+":")
		},
	},
	{
		name:    "unreadable-address",
		reason:  "An Origin or a Referer that is null, or none that a browser writes, is another origin; the reference throws, or reads more into it.",
		applies: func(c *legacyCase) bool { return isUnreadable(c.origin()) || isUnreadable(c.header("Referer")) },
		before: func(c *legacyCase) {
			if isUnreadable(c.origin()) {
				c.setHeader("Origin", "https://nobody.example")
			}
			if isUnreadable(c.header("Referer")) {
				c.setHeader("Referer", "https://nobody.example/")
			}
		},
	},
	{
		name:   "client-uat",
		reason: "The cookie __client_uat is the digits of a number, and an empty one is none; the reference reads all that JavaScript takes for a number.",
		applies: func(c *legacyCase) bool {
			uat, ok := c.cookie("__client_uat")
			return ok && !writtenUAT.MatchString(uat)
		},
		before: func(c *legacyCase) {
			if uat, _ := c.cookie("__client_uat"); uat == "" {
				c.setCookie("__client_uat", "")
				return
			}
			c.setCookie("__client_uat", "NaN")
		},
	},
	{
		name:   "development-cookie-missing",
		reason: "A development instance's client with no session cookie gets the interstitial, as a production one's does; the reference fails.",
		applies: func(c *legacyCase) bool {
			token, _ := c.cookie("__session")
			return c.Development && token == "" && c.header("Authorization") == ""
		},
		after: func(_ *legacyCase, r *legacyRecord) {
			if r.Reason == "internal-error" {
				*r = legacyRecord{Status: "Interstitial", Reason: "cookie-missing"}
			}
		},
	},
}

// tokensDiffer makes a difference about single tokens. The generator knows
// which, and supplies what takes their place.
func tokensDiffer(name, reason string) legacyDifference {
	return legacyDifference{
		name:   name,
		reason: reason,
		applies: func(c *legacyCase) bool {
			return slices.ContainsFunc(c.StandIns, func(s legacyStandIn) bool { return slices.Contains(s.Differences, name) })
		},
		before: func(c *legacyCase) {
			for _, s := range c.StandIns {
				c.Headers, c.Cookies = replaced(c.Headers, s), replaced(c.Cookies, s)
			}
		},
	}
}

func replaced(pairs [][2]string, s legacyStandIn) [][2]string {
	pairs = slices.Clone(pairs)
	for i := range pairs {
		if value, found := strings.CutSuffix(pairs[i][1], s.Token); found {
			pairs[i][1] = value + s.Instead
		}
	}
	return pairs
}

// legacyExpectation is what package legacy should make of a case, and the
// differences without which that would be something else.
type legacyExpectation struct {
	record *legacyRecord
	shown  []*legacyDifference
}

// expectLegacy asks the reference about all cases as the differences change
// them, and, to see which of them matter, with each left out.
func expectLegacy(setUp *legacySetUp, cases []*legacyCase) ([]legacyExpectation, error) {
	var asked []*legacyCase
	for _, c := range cases {
		differences := differencesOf(c)
		asked = append(asked, c.changed(differences))
		for i := range differences {
			asked = append(asked, c.changed(without(differences, i)))
		}
	}
	answers, err := askLegacy(setUp, asked)
	if err != nil {
		return nil, err
	}
	expectations := make([]legacyExpectation, len(cases))
	for i, c := range cases {
		e, differences := &expectations[i], differencesOf(c)
		e.record = c.finished(answers[0], differences)
		for j, d := range differences {
			if len(c.finished(answers[1+j], without(differences, j)).diff(e.record)) > 0 {
				e.shown = append(e.shown, d)
			}
		}
		answers = answers[1+len(differences):]
	}
	return expectations, nil
}

func without(differences []*legacyDifference, i int) []*legacyDifference {
	return slices.Delete(slices.Clone(differences), i, i+1)
}

// changed gives the case as the reference is to decide it.
func (c *legacyCase) changed(differences []*legacyDifference) *legacyCase {
	altered := *c
	for _, d := range differences {
		if d.before != nil {
			d.before(&altered)
		}
	}
	return &altered
}

// finished gives what follows from the reference's answer.
func (c *legacyCase) finished(answer *legacyRecord, differences []*legacyDifference) *legacyRecord {
	record := *answer
	for _, d := range differences {
		if d.after != nil {
			d.after(c, &record)
		}
	}
	return &record
}

func differencesOf(c *legacyCase) []*legacyDifference {
	var found []*legacyDifference
	for i := range legacyDifferences {
		if legacyDifferences[i].applies(c) {
			found = append(found, &legacyDifferences[i])
		}
	}
	return found
}

// writtenUAT is what of __client_uat is read here.
var writtenUAT = regexp.MustCompile(`^[0-9]{1,18}$`)

// defaultPort ends a host whose port is some scheme's.
var defaultPort = regexp.MustCompile(`:(80|443)$`)

// writtenAddress is what browsers write into Origin and Referer.
var writtenAddress = regexp.MustCompile(`^[a-z]+://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:[0-9]+)?([/?#].*)?$`)

func isUnreadable(address string) bool { return address != "" && !writtenAddress.MatchString(address) }

func isForwarded(field [2]string) bool { return strings.HasPrefix(field[0], "X-Forwarded-") }

func withoutPort(scheme, host string) string {
	if scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}
