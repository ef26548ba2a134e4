// SPDX-License-Identifier: Apache-2.0

// Package emulator is a small Clerk that runs inside the process. It signs
// session tokens, answers the calls of the handshake and of Clerk's own browser
// client, and shows a sign-in page, so that a demo, a test or a developer without
// an account can see the whole protocol at work.
//
// Its page asks for no password, and [Password] is everybody's where Clerk's
// client asks for one: whoever reaches it may be anyone. It is a stand-in for
// development and tests and must never stand in front of anything real.
//
// [Emulator] is an [http.Handler] that knows nothing of Caddy; [Handler] is the
// Caddy module http.handlers.clerk_emulator around it.
package emulator
