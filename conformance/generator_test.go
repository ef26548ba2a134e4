// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

// moments are the times at which cases happen, in milliseconds since the
// epoch. There are few, so that tokens recur.
var moments = []int64{1_767_225_600_250, 1_780_000_000_000, 1_799_999_999_999}

// generator makes one case.
type generator struct {
	chance
	signer *signer
	c      *Case
	// crumbs and parameters are the cookies and Clerk's query parameters so
	// far, each a name and a value with an equals sign between.
	crumbs, parameters []string
	// user is the subject of all good session tokens of the case.
	user string
}

// generate makes cases. The same seed makes the same ones, but for the keys
// that sign their tokens.
func generate(seed uint64, count int, s *signer) []*Case {
	sets := optionSets(s.pem())
	cases := make([]*Case, count)
	for i := range cases {
		g := &generator{chance: newChance(seed, i), signer: s, c: &Case{ID: i}}
		g.c.Options = pickWeighted(g.chance, sets)
		g.build()
		cases[i] = g.c
	}
	return cases
}

func (g *generator) build() {
	g.c.Now = pick(g.chance, moments...)
	g.c.Method = pickWeighted(g.chance, []weighted[string]{
		{16, "GET"}, {2, "POST"}, {1, "HEAD"}, {1, pick(g.chance, "PUT", "PATCH", "DELETE", "OPTIONS")},
	})
	g.address()
	g.navigation()
	g.user = pick(g.chance, "user_1", "user_2")
	if g.c.Options.accepts(sessionToken) && g.oneIn(3) {
		g.refresh()
	}
	inHeader := g.oneIn(5) || g.c.Options.acceptsMachines() && !g.oneIn(3)
	if inHeader {
		g.authorization()
	}
	if !inHeader || g.oneIn(2) {
		if !g.oneIn(15) && (!g.c.Options.IsSatellite || !g.oneIn(3)) {
			g.sessionCookies()
		}
		g.otherCookies()
	}
	if g.oneIn(5) {
		g.handshake()
	} else if g.oneIn(60) {
		g.carry(pick(g.chance, "__clerk_handshake", "__clerk_handshake_nonce"), "")
	}
	g.clerkParameters()
	g.target()
	g.cookieHeaders()
}

func (g *generator) header(name, value string) {
	g.c.Headers = append(g.c.Headers, [2]string{name, value})
}
