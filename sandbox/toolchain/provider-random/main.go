// Command pulumi-resource-random serves machines that cannot get the official one: RandomPassword, and nothing else of
// it. The output `bcryptHash` is left out.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("pulumi-resource-random: ")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pulumirpc.RegisterResourceProviderServer(server, provider{})
	go endWithParent()
	// The CLI reads from the first line where to call.
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(server.Serve(listener))
}

// The CLI holds the other end of a plugin's standard input and never writes to it, so its end is the CLI's end, even of one
// that was killed without a word.
func endWithParent() {
	if info, err := os.Stdin.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return // started by hand
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
