import pytest
from kombu import Connection, Queue
from kombu.exceptions import OperationalError

QUEUE = Queue("letters", durable=True, queue_arguments={"x-queue-type": "quorum"})


def put(url, word):
    with Connection(url) as connection:
        connection.Producer().publish(word, routing_key="letters", declare=[QUEUE], retry=False)


def waiting(url):
    with Connection(url) as connection:
        return connection.channel().queue_declare("letters", passive=True).message_count


@pytest.mark.slow
def test_it_keeps_messages_over_a_stop_and_loses_them_when_emptied(own_rabbitmq):
    url = own_rabbitmq.url
    put(url, "hello")
    own_rabbitmq.stop()
    with pytest.raises((OperationalError, ConnectionRefusedError)):
        put(url, "nobody there")
    own_rabbitmq.start()
    assert waiting(url) == 1
    own_rabbitmq.empty()
    with pytest.raises(Exception, match="NOT_FOUND"):
        waiting(url)
    put(url, "again")
