# Makes the calls that stdin has in JSON, and prints what came of them.
# Arguments: the URL for XML-RPC.
use strict;
use warnings;
use JSON::PP;
use RPC::XML;
use RPC::XML::Client;

$RPC::XML::ENCODING = 'utf-8';
$RPC::XML::ALLOW_NIL = 1;
my $client = RPC::XML::Client->new($ARGV[0]);
my $json = JSON::PP->new->utf8->allow_nonref;
my @answers;
for my $call (@{$json->decode(do { local $/; <STDIN> })}) {
    my $got = $client->send_request($call->{method}, @{$call->{params}});
    die "$got\n" if !ref $got;
    push @answers, $got->is_fault
        ? {code => 0 + $got->code, text => $got->string}
        : {result => $got->value};
}
print $json->encode(\@answers), "\n";
