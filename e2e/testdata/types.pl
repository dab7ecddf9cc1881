# Sends values of every type to a function that returns them.
# Arguments: the URL for XML-RPC, the dialect, and whether it has nil and i8.
use strict;
use warnings;
use utf8;
use RPC::XML;
use RPC::XML::Client;

my ($url, $dialect, $extended) = ($ARGV[0], $ARGV[1], $ARGV[2] eq 'extended');
$RPC::XML::ENCODING = 'utf-8';
$RPC::XML::ALLOW_NIL = 1;
my $client = RPC::XML::Client->new($url);

sub call {
    my $got = $client->send_request(@_);
    die "@_: $got\n" if !ref $got;
    return $got;
}

# Perl's numbers are text where these have been read.
sub text {
    my ($v) = @_;
    return 'nil' if !defined $v;
    return '[' . join(',', map { text($_) } @$v) . ']' if ref $v eq 'ARRAY';
    return '{' . join(',', map { "$_:" . text($v->{$_}) } sort keys %$v) . '}' if ref $v eq 'HASH';
    return "'$v'";
}

# What is sent, and the type of what comes back.
my @values = (
    (map { [RPC::XML::int->new($_), 'int'], [RPC::XML::i4->new($_), 'int'] } 0, -1, 2147483647, -2147483648),
    (map { [RPC::XML::double->new($_), 'double'] } '0.0', '-1.5', '0.1', '1e+21', '1e-05'),
    (map { [RPC::XML::string->new($_), 'string'] }
        '', ' ', "a\n\tb", '<b>&amp;]]></b>', '<![CDATA[a]]>', 'Grüße, 世界 🧵', '12', 'x' x 100000),
    (map { [RPC::XML::boolean->new($_), 'boolean'] } 0, 1),
    (map { [RPC::XML::datetime_iso8601->new($_), 'dateTime.iso8601'] } '19980717T14:08:55', '99991231T23:59:59'),
    (map { [RPC::XML::base64->new($_), 'base64'] } "\x00", join('', map { chr } 0 .. 255)),
    (map { [RPC::XML::array->new(from => $_), 'array'] } [], [[]], [1, 'a', [-2, {a => ['b']}]]),
    (map { [RPC::XML::struct->new($_), 'struct'] } {}, {a => {b => {c => []}}}, {'<&>' => ['<&>']}),
);
push @values, (map { [RPC::XML::i8->new($_), 'i8'] } '4294967296', '9223372036854775807', '-9223372036854775808') if $extended;
push @values, [RPC::XML::nil->new, 'nil'] if $extended && $dialect eq 'OSE';

for (@values) {
    my ($value, $type) = @$_;
    my $got = call('echo.echo', $value);
    die $got->string if $got->is_fault;
    die "sent a $type, got a " . $got->type if $got->type ne $type;
    my ($have, $want) = (text($got->value), text($value->value));
    ($have, $want) = ($got->value + 0, $value->value + 0) if $type eq 'double';
    die "sent $want, got $have" if $have ne $want;
}

die if call('echo.lines')->value ne "a\r\n\tb\r";
my $got = call('echo.big');
die $got->as_string if $extended ? $got->value != 2**62 : !$got->is_fault;
$got = call('echo.none');
die $got->as_string if $dialect eq 'AstroGrid' ? $got->value ne 'NULL' : $extended ? $got->type ne 'nil' : !$got->is_fault;
if (!$extended) {
    for my $refused (RPC::XML::i8->new(1), RPC::XML::nil->new) {
        $got = call('echo.echo', $refused);
        die $got->as_string if !$got->is_fault || $got->code != ($dialect eq 'OSE' ? 54 : 0);
    }
}
