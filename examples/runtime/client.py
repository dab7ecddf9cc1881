# connect to the AR (in the default session)
from xmlrpc.client import Server
from os.path import expanduser
ar = Server(next(open(expanduser('~/.astrogrid-desktop'))).strip() +'xmlrpc')
sm = ar.builtin.sessionManager

# create a new user session (with timeout of 10 mins)
sessID = sm.createNewSession(10)

#find xmlrpc endpoint for the new session
sessURL = sm.findXmlRpcSession(sessID)

#connect to the new session
sessAR = Server(sessURL)

#work within the neww session
sessAR.astrogrid.community.login("username","password","community")
