// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"net/http"
	"testing"
)

// Who knows what was asked for is not made to find it out again, and is believed
// when a rewrite has changed the request since.
func TestATargetThatIsKnownIsNotAskedFor(t *testing.T) {
	asked := 0
	k := newKit(t, testKey, func(o *Options) {
		o.PublicURL = func(r *http.Request) RequestURL {
			asked++
			return DirectURL(r)
		}
	})
	visit := func() *http.Request {
		return document(t, "/index.php?rewritten=__clerk", "__clerk_db_jwt=dvb_1", "__client_uat=1", "__session="+k.session())
	}
	expect(t, k.auth.AuthenticateTarget(visit(), "/a?b=c"), SignedIn, "")
	if asked != 0 {
		t.Errorf("expected the address not to be asked for, got %d times", asked)
	}
	s := k.auth.AuthenticateTarget(visit(), "/a?b=c&__clerk_db_jwt=dvb_2")
	expect(t, s, Handshake, ReasonDevBrowserSync)
	if got := query(t, s.Location, "redirect_url"); got != appOrigin+"/a?b=c" {
		t.Errorf("expected to be led back to what was asked for, got %s", got)
	}
	if asked != 1 {
		t.Errorf("expected the address to be asked for once, got %d times", asked)
	}
}
