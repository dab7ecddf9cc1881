# Calls a server that asks who calls.
# Arguments: the URL for XML-RPC, its realm, a user and the password.
use strict;
use warnings;
use Encode;
use RPC::XML::Client;

my ($url, $realm, $user, $password) = map { decode("UTF-8", $_) } @ARGV;
my $client = RPC::XML::Client->new($url);
my $got = $client->send_request('echo.user');
die $got->value if ref $got;
die $got if $got !~ /Unauthorized/;

$client->credentials($realm, $user, $password);
$got = $client->send_request('echo.user');
die $got if !ref $got;
die $got->value if $got->value ne $user;
